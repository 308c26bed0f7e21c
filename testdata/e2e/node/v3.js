// One call of the AWS SDK for JavaScript v3.
const fs = require('fs');
const https = require('https');
const {DynamoDBClient, ListTablesCommand} = require('@aws-sdk/client-dynamodb');
const {NodeHttpHandler} = require('@smithy/node-http-handler');

const held = process.env.E2E_TLS;
const httpsAgent = new https.Agent(Object.assign({ca: fs.readFileSync(process.env.E2E_CA)},
  held && {minVersion: held, maxVersion: held, ciphers: 'DEFAULT@SECLEVEL=0'}));
const client = new DynamoDBClient({
  region: 'us-west-2', credentials: {accessKeyId: 'e2e', secretAccessKey: 'e2e'}, maxAttempts: 1,
  requestHandler: new NodeHttpHandler({httpsAgent}),
});
client.send(new ListTablesCommand({})).then(
  r => console.log(r.TableNames.length), e => { console.error(e); process.exitCode = 1; });
