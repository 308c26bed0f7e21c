#!/usr/bin/env escript
%% The application ssl, as Erlang's and Elixir's HTTP clients use it.
main([Host]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Options = [{cacertfile, os:getenv("E2E_CA")}, {verify, verify_peer}, {server_name_indication, Host}, {active, false}, binary],
    {ok, Socket} = ssl:connect(Host, 443, versions(os:getenv("E2E_TLS")) ++ Options, 10000),
    ok = ssl:send(Socket, ["GET / HTTP/1.1\r\nHost: ", Host, "\r\nConnection: close\r\n\r\n"]),
    {ok, <<"HTTP/1.1 200">>} = ssl:recv(Socket, 12, 10000),
    ok = ssl:close(Socket).

versions("") -> [];
versions("TLSv1") -> [{versions, ['tlsv1']}];
versions("TLSv1.1") -> [{versions, ['tlsv1.1']}];
versions("TLSv1.2") -> [{versions, ['tlsv1.2']}];
versions("TLSv1.3") -> [{versions, ['tlsv1.3']}];
versions("fixed") -> [{versions, ['tlsv1.2']}].
