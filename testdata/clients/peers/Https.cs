using System;
using System.Collections.Generic;
using System.IO;
using System.Net;

// One HTTPS request by .NET Framework's library.
//
//   Https.exe URL [VERSION]
public static class Https
{
    static readonly Dictionary<string, int> Versions = new Dictionary<string, int> {
        { "SSLv3", 48 }, { "TLSv1", 192 }, { "TLSv1.1", 768 }, { "TLSv1.2", 3072 }, { "TLSv1.3", 12288 },
    };

    public static int Main(string[] arguments)
    {
        ServicePointManager.ServerCertificateValidationCallback = (sender, certificate, chain, errors) => true;
        if (arguments.Length > 1)
            ServicePointManager.SecurityProtocol = (SecurityProtocolType)Versions[arguments[1]];
        var request = (HttpWebRequest)WebRequest.Create(arguments[0]);
        request.Method = "POST";
        try {
            using (var body = new StreamWriter(request.GetRequestStream()))
                body.Write("{}");
            request.GetResponse().Close();
            return 0;
        } catch (WebException refused) {
            Console.WriteLine("refused: " + refused.Message);
            return 1;
        }
    }
}
