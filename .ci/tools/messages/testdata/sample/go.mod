module tlsfloor

go 1.24.0
