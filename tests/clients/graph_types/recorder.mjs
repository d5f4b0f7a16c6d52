// Stands between a client and the emulator's Graph and keeps what both say: method, path, the two
// bodies and the status. The emulator builds its links from the Host header, which goes through,
// so that page links lead here again. The last token stays in memory, for asking more with it.

import http from "node:http";

export async function record(base) {
  const records = [];
  const recorder = { records, authorization: undefined };
  const server = http.createServer((asked, answer) => {
    pass(base, asked).then(
      ({ status, headers, sent, body }) => {
        recorder.authorization = asked.headers.authorization ?? recorder.authorization;
        const [path, query = ""] = decodeURIComponent(asked.url).split("?");
        records.push({ method: asked.method, path, query, sent, status, got: body });
        answer.writeHead(status, headers).end(body);
      },
      (error) => answer.writeHead(502).end(String(error)),
    );
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  recorder.base = `http://127.0.0.1:${server.address().port}`;
  recorder.close = () => server.close();
  return recorder;
}

async function pass(base, asked) {
  const sent = await text(asked);
  const got = await new Promise((answered, failed) => {
    const options = { method: asked.method, headers: asked.headers };
    http.request(base + asked.url, options, answered).on("error", failed).end(sent);
  });
  return { status: got.statusCode, headers: got.headers, sent, body: await text(got) };
}

async function text(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
