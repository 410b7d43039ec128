"""A handler for the tests of threads: does what its event says."""

import asyncio
import io
import logging
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

import boto3

POOL = ThreadPoolExecutor(max_workers=2)
table = boto3.client("dynamodb")


def handler(event, context):
    return ACTIONS[event["do"]](event)


def put(name, seconds):
    time.sleep(seconds)
    table.put_item(TableName="records", Item={"id": {"S": name}})
    return threading.current_thread().name.rpartition("_")[2], time.monotonic()


def pool(event):
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=3) as executor:
        futures = {executor.submit(put, f"item-{n}", 10 * n): n for n in (3, 1, 2, 4)}
        order = [futures[done] for done in as_completed(futures)]
    return {"order": order, "took": round(time.monotonic() - started, 3)}


def module_pool(event):
    return [future.result()[0] for future in [POOL.submit(put, "x", 1) for _ in range(4)]]


def workers(event):
    jobs, results, stop = queue.Queue(maxsize=1), [], threading.Event()
    lock, local = threading.RLock(), threading.local()

    def work(number):
        local.number = number
        while not stop.is_set():
            try:
                job = jobs.get(timeout=0.5)
            except queue.Empty:
                continue
            with lock:
                time.sleep(1)
                results.append((job, local.number))
            jobs.task_done()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for job in "abcd":
        jobs.put(job)
    jobs.join()
    alive = [thread.is_alive() for thread in threads]
    stop.set()
    for thread in threads:
        thread.join()
    return {"jobs": sorted(results), "alive": alive, "after": [one.is_alive() for one in threads]}


def left(event):
    def work():
        for number in range(3):
            time.sleep(5)
            print("tick", number)

    threading.Thread(target=work).start()
    time.sleep(6)
    return "left"


def wait_on(event):
    time.sleep(event["seconds"])


def raises(event):
    thread = threading.Thread(target=lambda: iter(()).__next__(), name="unlucky")
    thread.start()
    thread.join()
    future = POOL.submit(lambda: {}["k"])
    wait([future])
    return repr(future.exception())


def deadlock(event):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def gather(event):
    async def one(number):
        await asyncio.sleep(number)
        return await asyncio.to_thread(put, f"async-{number}", 1)

    async def main():
        return [len(one) for one in await asyncio.gather(*(one(number) for number in (3, 1, 2)))]

    started = time.monotonic()
    return {"answers": asyncio.run(main()), "took": round(time.monotonic() - started)}


def upload(event):
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="uploads")
    s3.upload_fileobj(io.BytesIO(b"x" * 9_000_000), "uploads", "key")
    return s3.head_object(Bucket="uploads", Key="key")["ContentLength"]


def stubborn(event):
    while True:
        try:
            time.sleep(1)
        except:  # noqa: E722
            table.put_item(TableName="records", Item={"id": {"S": "after the end"}})


def compute(event):
    while True:
        pass


def compute_on(event):
    while True:
        try:
            sum(range(100))
        except:  # noqa: E722
            logging.info("never mind")


ACTIONS = {
    "pool": pool, "module pool": module_pool, "workers": workers, "left": left, "wait": wait_on, "raises": raises,
    "deadlock": deadlock, "gather": gather, "upload": upload, "stubborn": stubborn, "compute": compute,
    "compute on": compute_on,
}  # fmt: skip
