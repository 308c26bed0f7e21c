// The Node.js end of the recorded connections.
//
//   node peer.js client ADDRESS PORT MIN MAX NAME    NAME "-": send no server_name
//   node peer.js server ADDRESS PORT MIN MAX         answers on each connection
//
// Versions are written as TLSv1 TLSv1.1 TLSv1.2 TLSv1.3. Both ends print the
// version and the cipher of a completed handshake. A server's certificate and
// key are the files named by CERT and KEY.
'use strict';
const fs = require('fs');
const tls = require('tls');

const ciphers = 'DEFAULT:@SECLEVEL=0';
const [role, host, port, minVersion, maxVersion, name] = process.argv.slice(2);

function announce(socket) {
  console.log('Protocol: ' + socket.getProtocol());
  console.log('Cipher: ' + socket.getCipher().name);
}

function client() {
  const options = { host, port, minVersion, maxVersion, ciphers, rejectUnauthorized: false };
  if (name !== '-') options.servername = name;
  const socket = tls.connect(options, () => {
    announce(socket);
    socket.write('hello\n');
  });
  socket.on('data', () => socket.end());
  socket.on('error', (error) => {
    console.log('refused: ' + error.message);
    process.exitCode = 1;
  });
}

function server() {
  const key = fs.readFileSync(process.env.KEY);
  const cert = fs.readFileSync(process.env.CERT);
  const listener = tls.createServer({ key, cert, minVersion, maxVersion, ciphers }, (socket) => {
    announce(socket);
    socket.on('data', (line) => socket.end(line));
  });
  listener.on('tlsClientError', (error) => console.log('refused: ' + error.message));
  listener.listen(port, host);
}

({ client, server })[role]();
