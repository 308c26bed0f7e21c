// One call of the AWS SDK for JavaScript v3: today's, or on Node.js 12 the
// last releases that ran there.
const fs = require('fs');
const https = require('https');
const old = parseInt(process.versions.node) < 18;
const {DynamoDBClient, ListTablesCommand} = require(old ? 'client-dynamodb-2022' : '@aws-sdk/client-dynamodb');
const {NodeHttpHandler} = require(old ? 'node-http-handler-2022' : '@smithy/node-http-handler');

const held = process.env.E2E_TLS;
const httpsAgent = new https.Agent(Object.assign({ca: fs.readFileSync(process.env.E2E_CA)},
  held && {minVersion: held, maxVersion: held},
  held && held < 'TLSv1.3' && {ciphers: 'DEFAULT@SECLEVEL=0'})); // a list without suites of 1.3 forbids it
const client = new DynamoDBClient({
  region: 'us-west-2', credentials: {accessKeyId: 'e2e', secretAccessKey: 'e2e'}, maxAttempts: 1,
  requestHandler: new NodeHttpHandler({httpsAgent}),
});
client.send(new ListTablesCommand({})).then(
  r => console.log(r.TableNames.length), e => { console.error(e); process.exitCode = 1; });
