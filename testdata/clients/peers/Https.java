import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.security.cert.X509Certificate;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * One HTTPS request by Java's own library.
 *
 * <pre>
 * java [-Dwith=socket] [-Dhttps.protocols=...] Https URL
 * </pre>
 *
 * With "socket" it is a TLS connection of its own, which the system property
 * https.protocols does not touch.
 */
public class Https {
    public static void main(String[] arguments) throws Exception {
        URL url = new URL(arguments[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new TrustEveryone()}, null);
        if ("socket".equals(System.getProperty("with"))) {
            connect(context, url.getHost());
        } else {
            request(context, url);
        }
    }

    private static void connect(SSLContext context, String host) throws Exception {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(host, 443)) {
            socket.startHandshake();
            System.out.println(socket.getSession().getProtocol());
        }
    }

    private static void request(SSLContext context, URL url) throws Exception {
        HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        try (OutputStream out = connection.getOutputStream()) {
            out.write("{}".getBytes());
        }
        System.out.println(connection.getResponseCode());
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
