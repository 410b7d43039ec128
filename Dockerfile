FROM python:3.11-slim
WORKDIR /drsim
COPY . .
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
    && pip install --no-cache-dir --no-deps --no-build-isolation .
USER nobody
ENTRYPOINT ["drsim"]
