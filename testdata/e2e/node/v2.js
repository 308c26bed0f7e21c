// One call of the AWS SDK for JavaScript v2, on Node.js too old for v3.
var fs = require('fs');
var https = require('https');
var AWS = require('aws-sdk');

var methods = {'TLSv1': 'TLSv1_method', 'TLSv1.1': 'TLSv1_1_method', 'TLSv1.2': 'TLSv1_2_method'};
var options = {ca: fs.readFileSync(process.env.E2E_CA)};
if (methods[process.env.E2E_TLS]) {
  options.secureProtocol = methods[process.env.E2E_TLS];
} else if (process.env.E2E_TLS) {
  options.minVersion = options.maxVersion = process.env.E2E_TLS;
}
var client = new AWS.DynamoDB({
  region: 'us-west-2', accessKeyId: 'e2e', secretAccessKey: 'e2e', maxRetries: 0,
  httpOptions: {agent: new https.Agent(options)},
});
client.listTables({}, function (err, data) {
  if (err) { console.error(err); process.exitCode = 1; return; }
  console.log(data.TableNames.length);
});
