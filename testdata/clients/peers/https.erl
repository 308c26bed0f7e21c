%% One TLS connection by Erlang's ssl.
%%
%%   erl -noshell -run https main HOST [VERSION] -s init stop    VERSION: tlsv1.1 and so on
-module(https).
-export([main/1]).

main([Host | Versions]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Limits = case Versions of
        [] -> [];
        [Version] -> [{versions, [list_to_atom(Version)]}]
    end,
    io:format("~p~n", [ssl:connect(Host, 443, [{verify, verify_none} | Limits], 5000)]).
