// A handler for the tests of handlers in Node: does what its event says, with nothing but what Node has.
const loaded = Date.now();
let invocations = 0;

async function aws(service, target, body) {
  const credential = `${process.env.AWS_ACCESS_KEY_ID}/20260301/${process.env.AWS_REGION}/${service}/aws4_request`;
  const response = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.0",
      "X-Amz-Target": target,
      Authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const put = (id) => aws("dynamodb", "DynamoDB_20120810.PutItem", { TableName: "records", Item: { id: { S: id } } });

const actions = {
  describe: async (event, context) => ({
    invocations, loaded, now: Date.now(), today: new Date().toISOString(), name: context.functionName,
    remaining: context.getRemainingTimeInMillis(), mode: process.env.MODE, random: Math.random(),
  }),
  write: async () => (await Promise.all([put("a"), put("b"), put("c")])).map((answer) => answer.status),
  refused: async () => (await aws("dynamodb", "DynamoDB_20120810.GetItem", { TableName: "none", Key: { id: { S: "x" } } })).body,
  talk: async () => { console.log("one", { two: 2 }); console.error("three\nfour"); },
  fail: async () => { throw new TypeError("not today"); },
  forget: () => new Promise(() => setTimeout(() => { throw new Error("too late"); }, 1)),
  leave: async () => process.exit(3),
  compute: () => { for (;;); },
};

export const handler = (event, context) => { invocations += 1; return actions[event.do](event, context); };
export const counted = (event, context, callback) => callback(null, "called back");
