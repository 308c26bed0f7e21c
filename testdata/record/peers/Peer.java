import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The Java end of the recorded connections.
 *
 * <pre>
 * java Peer client ADDRESS PORT PROTOCOLS NAME    NAME "-": send no server_name
 * java Peer server ADDRESS PORT PROTOCOLS         answers on each connection
 * </pre>
 *
 * PROTOCOLS are Java's names with commas between them; with SSLv2Hello among
 * them the client opens with a hello in the format of SSL 2.0. Both ends print
 * the version and the cipher of a completed handshake. A server's certificate
 * and key are the PKCS #12 file named by STORE, with the password "changeit".
 */
public class Peer {
    public static void main(String[] arguments) throws Exception {
        InetAddress address = InetAddress.getByName(arguments[1]);
        int port = Integer.parseInt(arguments[2]);
        String[] protocols = arguments[3].split(",");
        if (arguments[0].equals("client")) {
            client(address, port, protocols, arguments[4]);
        } else {
            server(address, port, protocols);
        }
    }

    private static void client(InetAddress address, int port, String[] protocols, String name) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustEveryone()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket()) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(protocols);
            if (!name.equals("-")) {
                parameters.setServerNames(List.of(new SNIHostName(name)));
            }
            socket.setSSLParameters(parameters);
            socket.connect(new java.net.InetSocketAddress(address, port));
            socket.startHandshake();
            announce(socket.getSession());
            socket.getOutputStream().write("hello\n".getBytes());
            socket.getInputStream().read(new byte[100]);
        }
    }

    private static void server(InetAddress address, int port, String[] protocols) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        char[] password = "changeit".toCharArray();
        try (FileInputStream in = new FileInputStream(System.getenv("STORE"))) {
            store.load(in, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 5, address);
        listener.setEnabledProtocols(protocols);
        while (true) {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.startHandshake();
                announce(socket.getSession());
                byte[] line = new byte[100];
                int length = socket.getInputStream().read(line);
                socket.getOutputStream().write(line, 0, length);
            } catch (IOException refused) {
                System.out.println("refused: " + refused.getMessage());
            }
        }
    }

    private static void announce(SSLSession session) {
        System.out.println("Protocol: " + session.getProtocol());
        System.out.println("Cipher: " + session.getCipherSuite());
    }

    private static final class TrustEveryone implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
