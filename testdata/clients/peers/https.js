// One HTTPS request by any Node.js since 0.8, as AWS's SDK makes it.
//
//   node https.js URL OPTIONS    OPTIONS: JSON for the agent
var https = require('https');
var url = require('url');

var target = url.parse(process.argv[2]);
var options = JSON.parse(process.argv[3] || '{}');
options.rejectUnauthorized = false;

https.request({
  host: target.hostname,
  port: 443,
  method: 'POST',
  path: '/',
  agent: new https.Agent(options),
  rejectUnauthorized: false
}, function (response) {
  console.log('HTTP ' + response.statusCode);
  process.exit(0);
}).on('error', function (error) {
  console.log('refused: ' + error.message);
  process.exit(1);
}).end('{}');
