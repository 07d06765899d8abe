// Amazon SQS for tests, in memory: node sqs_server.js PORT. local-aws-sqs does the work, but does not
// answer a long poll before ten messages are there or the time is up; as Amazon has it, one message
// is enough, which is seen to here. It checks no signatures (sqs_signatures.py does).
const { execFileSync } = require("child_process");
const http = require("http");
const { Readable } = require("stream");

const port = Number(process.argv[2]);
const modules = execFileSync("npm", ["root", "-g"], { encoding: "utf8", stdio: "pipe" }).trim();
const { createRequestHandler } = require(modules + "/local-aws-sqs");
const { requestHandler, service } = createRequestHandler(
  { port, hostname: "127.0.0.1", region: "eu-central-1" });

const waiting = new Set(); // long polls

function available(name) {
  const queue = service.Queues.find((each) => each.QueueName === name);
  if (!queue) return -1;
  const counts = queue.getAttributes(["ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible"]);
  return Number(counts.ApproximateNumberOfMessages) -
    Number(counts.ApproximateNumberOfMessagesNotVisible);
}

function answer(request, response, text) {
  const again = Readable.from([Buffer.from(text)]);
  again.headers = request.headers;
  again.method = request.method;
  again.url = request.url;
  requestHandler(again, response);
}

// A poll is answered when there is something, when its queue is gone, or when its time is up.
function look() {
  for (const poll of waiting) {
    const count = available(poll.name);
    if (count === 0 && Date.now() < poll.until) continue;
    waiting.delete(poll);
    if (count === 0) {
      poll.response.setHeader("Content-Type", "application/x-amz-json-1.0");
      poll.response.end("{}");
      continue;
    }
    poll.body.WaitTimeSeconds = 0;
    poll.body.MaxNumberOfMessages = Math.min(poll.body.MaxNumberOfMessages, Math.max(count, 1));
    answer(poll.request, poll.response, JSON.stringify(poll.body));
  }
}
setInterval(look, 20);

http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const text = Buffer.concat(parts).toString();
    if (!(request.headers["x-amz-target"] || "").endsWith(".ReceiveMessage")) {
      response.on("finish", look);
      return answer(request, response, text);
    }
    const body = JSON.parse(text);
    const poll = { request, response, body, name: body.QueueUrl.split("/").pop(),
      until: Date.now() + 1000 * (body.WaitTimeSeconds || 0) };
    waiting.add(poll);
    response.on("close", () => waiting.delete(poll));
    look();
  });
}).listen(port, "127.0.0.1");
