// One HTTPS request by Deno or Bun.
//
//   deno run fetch.js URL [connect]
const [url, how] = globalThis.Deno ? Deno.args : process.argv.slice(2);

if (how === 'connect') {
  const connection = await Deno.connectTls({ hostname: new URL(url).hostname, port: 443 });
  console.log(await connection.handshake());
} else {
  const answer = await fetch(url, { method: 'POST', body: '{}', tls: { rejectUnauthorized: false } });
  console.log(answer.status);
}
