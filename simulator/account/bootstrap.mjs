// Runs a Lambda handler in Node: asks the runtime API for invocations, calls the handler, and answers.
// The clock stands still while the handler runs, at the instant that the API gives, and chance comes from the API's seed.
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const [file, name] = process.argv.slice(2);
let now = Number(process.env.DRSIM_NOW_MS), seed = Number(process.env.DRSIM_SEED), requestId = "";

const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...given) { super(...(given.length ? given : [now])); }
  static now() { return now; }
};
Math.random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let drawn = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  drawn = (drawn + Math.imul(drawn ^ (drawn >>> 7), 61 | drawn)) ^ drawn;
  return ((drawn ^ (drawn >>> 14)) >>> 0) / 4294967296;
};
const levels = { debug: "DEBUG", error: "ERROR", info: "INFO", log: "INFO", trace: "TRACE", warn: "WARN" };
for (const [method, level] of Object.entries(levels)) {
  console[method] = (...parts) =>
    process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${format(...parts).replaceAll("\n", "\r")}\n`);
}

function call(method, where, body = "") {
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path: `/2018-06-01/runtime/${where}`, agent: false }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function told(error) {
  const known = error instanceof Error;
  const trace = known && error.stack ? error.stack.split("\n").map((line) => line.replaceAll(process.env.LAMBDA_TASK_ROOT, "/var/task")) : [];
  return JSON.stringify({ errorType: known ? error.name : typeof error, errorMessage: known ? error.message : String(error), trace });
}

function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const answer = handler(event, context, (error, value) => (error ? reject(error) : resolve(value)));
    if (answer && typeof answer.then === "function") answer.then(resolve, reject);
    else if (answer !== undefined || handler.length < 3) resolve(answer);
  });
}

process.on("uncaughtException", async (error) => {
  await call("POST", requestId ? `invocation/${requestId}/error` : "init/error", told(error));
  process.exit(129);
});

let handler;
try {
  const module = await import(pathToFileURL(path.resolve(file)).href);
  handler = module[name] ?? module.default?.[name];
  if (typeof handler !== "function") throw new Error(`there is no function '${name}' in this file`);
} catch (error) {
  await call("POST", "init/error", told(error));
  process.exit(1);
}
for (;;) {
  const { headers, text } = await call("GET", "invocation/next");
  requestId = headers["lambda-runtime-aws-request-id"];
  now = Number(headers["drsim-now-ms"]);
  seed = Number(headers["drsim-seed"]);
  const context = {
    awsRequestId: requestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Number(headers["lambda-runtime-deadline-ms"]) - now,
  };
  try {
    const answer = await run(handler, JSON.parse(text), context);
    await call("POST", `invocation/${requestId}/response`, JSON.stringify(answer === undefined ? null : answer));
  } catch (error) {
    await call("POST", `invocation/${requestId}/error`, told(error));
  }
}
