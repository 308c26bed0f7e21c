using System;
using System.Net;

// One request of HttpWebRequest, which programs for the .NET Framework use.
class Client
{
    static int Main(string[] args)
    {
        switch (Environment.GetEnvironmentVariable("E2E_TLS"))
        {
            case "TLSv1": ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls; break;
            case "TLSv1.1": ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls11; break;
            case "TLSv1.2": ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12; break;
        }
        // The authority is a throwaway one that Mono's store does not have.
        ServicePointManager.ServerCertificateValidationCallback = (sender, certificate, chain, errors) => true;
        using (var response = (HttpWebResponse)WebRequest.Create(args[0]).GetResponse())
            Console.WriteLine((int)response.StatusCode);
        return 0;
    }
}
