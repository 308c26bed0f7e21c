import java.sql.DriverManager;
import java.sql.SQLException;

/** MariaDB Connector/J, which chooses its versions itself. The server refuses the login. */
public class Database {
    public static void main(String[] args) throws Exception {
        String url = "jdbc:mariadb://" + args[0] + "/db?user=e2e&password=e2e&useSsl=true&serverSslCert=" + System.getenv("E2E_CA");
        String held = System.getenv("E2E_TLS");
        url += "&enabledSslProtocolSuites=" + (held.equals("fixed") ? "TLSv1.2" : held);
        try {
            DriverManager.getConnection(url).close();
        } catch (SQLException refused) {
            if (!refused.getMessage().contains("the stand-in for RDS")) {
                throw refused;
            }
        }
    }
}
