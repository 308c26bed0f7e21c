# shellcheck shell=bash disable=SC2154 # variables come from record and lib
# TLS that begins inside another protocol.

# RDS gives a database a name of its own; the clients of old releases have no
# server_name to put it in.
postgresql() { # VERSION SSLMODE
	local programs
	programs=$(echo /usr/lib/postgresql/*/bin)
	needs psql "$programs/initdb" runuser
	present "$database"
	install -d -o postgres "$scratch/data" /run/postgresql
	runuser -u postgres -- "$programs/initdb" -A trust -D "$scratch/data" >/dev/null
	install -o postgres -m 600 "$KEY" "$scratch/data/server.key"
	serve server runuser -u postgres -- env OPENSSL_CONF="$OPENSSL_CONF" "$programs/postgres" -D "$scratch/data" \
		-c listen_addresses="$server4" -c ssl=on -c ssl_cert_file="$CERT" -c ssl_key_file="$scratch/data/server.key" \
		-c ssl_min_protocol_version=TLSv1 -c ssl_ciphers=DEFAULT:@SECLEVEL=0
	echo "host all all 0.0.0.0/0 trust" >>"$scratch/data/pg_hba.conf"
	listening 5432
	capture
	client psql "host=$database user=postgres sslmode=$2 ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=$1" \
		-Atc "select 'Protocol: ' || version || e'\nCipher: ' || cipher from pg_stat_ssl where pid = pg_backend_pid() and ssl"
}
postgresql_ends() {
	echo "client=psql $(psql --version | awk '{print $3}')"
}
record_postgresql() { # VERSION
	postgresql "$1" require
	established "$(postgresql_ends)" "server=PostgreSQL $(psql --version | awk '{print $3}')" \
		max="$1" starttls=postgresql sni="$database"
}
scenario postgresql-tls10 pcap "PostgreSQL's SSLRequest, then TLSv1" record_postgresql TLSv1
scenario postgresql-tls12 pcap "PostgreSQL's SSLRequest, then TLSv1.2" record_postgresql TLSv1.2

# A client that may not use TLS.
plain_postgresql() { postgresql TLSv1.2 disable; }
scenario postgresql-plain pcap "PostgreSQL without TLS" plain_postgresql

record_mariadb() { # VERSION
	needs mariadb mariadbd mariadb-install-db
	present "$database"
	install -d -o mysql "$scratch/data" /run/mysqld
	install -o mysql -m 600 "$KEY" "$scratch/key"
	mariadb-install-db --no-defaults --user=mysql --datadir="$scratch/data" --auth-root-authentication-method=normal >/dev/null 2>&1
	serve server mariadbd --no-defaults --user=mysql --datadir="$scratch/data" --bind-address="$server4" --socket=/run/mysqld/socket \
		--ssl-cert="$CERT" --ssl-key="$scratch/key" --tls-version=TLSv1.0,TLSv1.1,TLSv1.2 --ssl-cipher=DEFAULT:@SECLEVEL=0 \
		--innodb-buffer-pool-size=8M --init-file="$scratch/init"
	echo "create user guest@'%';" >"$scratch/init"
	chmod 644 "$scratch/init"
	listening 3306
	capture
	client mariadb --no-defaults --host="$database" --user=guest --ssl --tls-version="${1/#TLSv1/TLSv1.0}" -N \
		-e "select concat('Protocol: ', variable_value) from information_schema.session_status where variable_name = 'ssl_version';
		    select concat('Cipher: ', variable_value) from information_schema.session_status where variable_name = 'ssl_cipher'"
	established "client=mariadb $(mariadb --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+-MariaDB')" \
		"server=MariaDB $(mariadbd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+-MariaDB')" \
		max="$1" starttls=mysql host="$database" host_source=certificate
}
scenario mariadb-tls10 pcap "MariaDB's SSL request, then TLSv1 without a name" record_mariadb TLSv1

# FreeTDS shakes hands inside TDS packets, with a server that knows the
# protocol to just after that.
record_freetds() { # VERSION
	needs tsql
	present "$database"
	serve server "$work/golang" tds-server "$server4:1433" "$1"
	listening 1433
	cat >"$scratch/freetds.conf" <<-EOF
		[global]
		tds version = 7.4
		encryption = require
		ssl minimum version = 1.0
	EOF
	capture
	FREETDSCONF=$scratch/freetds.conf refused tsql -H "$database" -p 1433 -U guest -P guest
	established LOG=server "client=tsql (FreeTDS $(tsql -C | sed -n 's/.*freetds v//p'))" \
		"server=TDS stand-in in Go $(go_version)" max=TLSv1.3 starttls=tds \
		host="$database" host_source=certificate
}
scenario freetds-tls10 pcap "TDS PRELOGIN packets with the handshake inside; the server selects TLSv1" record_freetds TLSv1
scenario freetds-tls12 pcap "TDS PRELOGIN packets with the handshake inside" record_freetds TLSv1.2

record_smtp() { # VERSION
	needs postfix
	present "$mail"
	local settings=$scratch/postfix
	mkdir -p "$settings" "$scratch/queue"
	cat >"$settings/main.cf" <<-EOF
		compatibility_level = 3.6
		queue_directory = $scratch/queue
		data_directory = $scratch/data
		maillog_file = $logs/postfix
		maillog_file_prefixes = $logs
		inet_interfaces = $server4
		myhostname = $mail
		mydestination =
		alias_maps =
		local_recipient_maps =
		smtpd_tls_cert_file = $CERT
		smtpd_tls_key_file = $KEY
		smtpd_tls_security_level = may
		smtpd_tls_protocols = >=TLSv1
		smtpd_tls_ciphers = low
		tls_low_cipherlist = ALL:@SECLEVEL=0
	EOF
	cat >"$settings/master.cf" <<-EOF
		587 inet n - n - - smtpd
		postlog unix-dgram n - n - 1 postlogd
		rewrite unix - - n - - trivial-rewrite
		anvil unix - - n - 1 anvil
		tlsmgr unix - - n 1000? 1 tlsmgr
	EOF
	install -d -o postfix "$scratch/data"
	ip netns exec server postfix -c "$settings" start >"$logs/server" 2>&1
	listening 587
	capture
	client openssl s_client -connect "$server4:587" -starttls smtp -brief -servername "$mail" "$1"
	openssl_client_of "Postfix $(postconf -h mail_version)" starttls=smtp max="$2" sni="$mail"
}
# openssl_client_of SERVER KEY=VALUE...
openssl_client_of() { established "$(openssl_client)" "server=$1" "${@:2}"; }
scenario smtp-tls10 pcap "SMTP's STARTTLS, then TLSv1" record_smtp -tls1 TLSv1
scenario smtp-tls12 pcap "SMTP's STARTTLS, then TLSv1.2" record_smtp -tls1_2 TLSv1.2

record_imap() {
	needs dovecot
	present "$internal"
	cat >"$scratch/dovecot.conf" <<-EOF
		protocols = imap
		base_dir = /run/dovecot
		log_path = $scratch/dovecot.log
		listen = $server4
		ssl = yes
		ssl_cert = <$CERT
		ssl_key = <$KEY
		ssl_min_protocol = TLSv1
		ssl_cipher_list = ALL:@SECLEVEL=0
		passdb {
		  driver = static
		}
	EOF
	serve server env OPENSSL_CONF="$OPENSSL_CONF" dovecot -F -c "$scratch/dovecot.conf"
	listening 143
	capture
	client openssl s_client -connect "$server4:143" -starttls imap -brief -servername "$internal" -tls1_1
	openssl_client_of "Dovecot $(dovecot --version | cut -d' ' -f1)" starttls=imap max=TLSv1.1 sni="$internal"
}
scenario imap-tls11 pcap "IMAP's STARTTLS, then TLSv1.1" record_imap

# Debian's OpenLDAP has GnuTLS at both ends.
record_ldap() {
	needs slapd ldapsearch
	present "$internal"
	cat >"$scratch/slapd.conf" <<-EOF
		modulepath /usr/lib/ldap
		moduleload back_ldif
		include /etc/ldap/schema/core.schema
		pidfile /run/slapd.pid
		TLSCertificateFile $CERT
		TLSCertificateKeyFile $KEY
		TLSCipherSuite NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+SIGN-ALL
		database ldif
		suffix dc=example,dc=com
		directory $scratch
	EOF
	serve server slapd -h "ldap://$server4" -f "$scratch/slapd.conf" -d stats
	listening 389
	capture
	LDAPTLS_REQCERT=never LDAPTLS_CIPHER_SUITE=NORMAL:-VERS-ALL:+VERS-TLS1.0:+SIGN-ALL \
		client ldapsearch -x -ZZ -H "ldap://$internal" -s base -b '' namingContexts
	# slapd -d stats reports "tls_proto=TLSv1.0".
	flow "client=ldapsearch $(ldapsearch -VV 2>&1 | grep -oE 'ldapsearch [0-9.]+' | cut -d' ' -f2) (GnuTLS)" \
		"server=slapd $(slapd -VV 2>&1 | grep -oE 'slapd [0-9.]+' | cut -d' ' -f2) (GnuTLS)" \
		outcome=established selected="$(tls_proto)" max=TLSv1 starttls=ldap sni="$internal"
}
tls_proto() {
	local proto
	proto=$(grep -oE 'tls_proto=[^ ]*' "$logs/server")
	[[ $proto == tls_proto=TLS1.0 || $proto == tls_proto=TLSv1.0 ]] && echo TLSv1
}
scenario ldap-tls10 pcap "LDAP's StartTLS, then TLSv1" record_ldap

# ftp_server takes AUTH TLS and AUTH SSL on the control connection.
ftp_server() {
	needs vsftpd
	present "$internal"
	mkdir -p /run/vsftpd/empty "$scratch/home"
	cat >"$scratch/vsftpd.conf" <<-EOF
		listen=YES
		listen_address=$server4
		anonymous_enable=YES
		anon_root=$scratch/home
		secure_chroot_dir=/run/vsftpd/empty
		seccomp_sandbox=NO
		ssl_enable=YES
		allow_anon_ssl=YES
		ssl_tlsv1=YES
		ssl_sslv2=NO
		ssl_sslv3=NO
		require_ssl_reuse=NO
		ssl_ciphers=ALL:@SECLEVEL=0
		rsa_cert_file=$CERT
		rsa_private_key_file=$KEY
		background=NO
	EOF
	serve server vsftpd "$scratch/vsftpd.conf"
	listening 21
	vsftpd_version=$(vsftpd -v 0>&1 2>&1 | grep -oE '[0-9.]+$')
}

record_ftp() {
	ftp_server
	capture
	client openssl s_client -connect "$server4:21" -starttls ftp -brief -servername "$internal" -tls1
	openssl_client_of "vsftpd $vsftpd_version" starttls=ftp max=TLSv1 sni="$internal"
}
scenario ftp-tls10 pcap "FTP's AUTH TLS, then TLSv1" record_ftp

# curl says AUTH SSL, which tshark does not know.
record_ftp_ssl() {
	needs curl
	ftp_server
	capture
	client curl -skv --ssl-reqd --tls-max 1.1 --tlsv1.0 --head "ftp://$internal/"
	established "$(curl_client)" "server=vsftpd $vsftpd_version" starttls=ftp max=TLSv1.1 sni="$internal" witness=no
}
scenario ftp-auth-ssl pcap "FTP's AUTH SSL, then TLSv1.1" record_ftp_ssl

# A load balancer tells the server who the client is (PROXY protocol), and the
# capture is between the two.
record_proxy_protocol() { # send-proxy|send-proxy-v2
	needs haproxy
	present "$dynamodb"
	local common="defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s"
	echo "$common
listen balancer
  bind 127.0.0.1:443
  server target $server4:8443 $1" >"$logs/balancer.cfg"
	echo "global
  ssl-default-bind-ciphers ALL:@SECLEVEL=0
$common
frontend target
  mode http
  bind $server4:8443 accept-proxy ssl crt $work/$dynamodb.both ssl-min-ver TLSv1.0
  http-request return status 200" >"$scratch/target.cfg"
	serve server haproxy -f "$scratch/target.cfg"
	listening 8443
	haproxy -f "$logs/balancer.cfg" >"$logs/balancer" 2>&1 </dev/null &
	awaits "the balancer" eval "ss -Hltn 'sport = :443' | grep -q ."
	capture
	target=127.0.0.1:443 s_client "$dynamodb" -tls1
	openssl_client_of "HAProxy $(haproxy -v | awk 'NR==1 {print $3}' | cut -d- -f1), behind another" \
		starttls=proxy-protocol max=TLSv1 sni="$dynamodb" ${2:+"$2"}
}
scenario haproxy-v1 pcap "PROXY protocol version 1, then TLSv1" record_proxy_protocol send-proxy
scenario haproxy-v2 pcap "PROXY protocol version 2, then TLSv1" record_proxy_protocol send-proxy-v2

# Two balancers, each with a header of its own. The second takes what the first
# sends for the client's, and the target removes one after the other.
record_proxy_protocol_twice() {
	needs haproxy
	present "$dynamodb"
	local common="defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s"
	echo "$common
listen first
  bind 127.0.0.1:443
  server second 127.0.0.1:444 send-proxy
listen second
  bind 127.0.0.1:444
  server target $server4:8443 send-proxy-v2" >"$logs/balancer.cfg"
	echo "global
  ssl-default-bind-ciphers ALL:@SECLEVEL=0
$common
listen outer
  bind $server4:8443 accept-proxy
  server inner 127.0.0.1:8444
frontend inner
  mode http
  bind 127.0.0.1:8444 accept-proxy ssl crt $work/$dynamodb.both ssl-min-ver TLSv1.0
  http-request return status 200" >"$scratch/target.cfg"
	serve server haproxy -f "$scratch/target.cfg"
	listening 8443
	haproxy -f "$logs/balancer.cfg" >"$logs/balancer" 2>&1 </dev/null &
	awaits "the balancers" eval "ss -Hltn 'sport = :443' | grep -q ."
	capture
	target=127.0.0.1:443 s_client "$dynamodb" -tls1
	openssl_client_of "HAProxy $(haproxy -v | awk 'NR==1 {print $3}' | cut -d- -f1), behind two others" \
		starttls=proxy-protocol max=TLSv1 sni="$dynamodb"
}
scenario haproxy-twice pcap "PROXY protocol version 2, then version 1, then TLSv1" record_proxy_protocol_twice

# The server speaks first, in a protocol of its own.
record_nats() {
	needs nats-server
	present "$internal"
	serve server nats-server -a "$server4" -p 4222 --tls --tlscert "$CERT" --tlskey "$KEY"
	listening 4222
	capture
	client python3 "$here/peers/peer.py" greeted-client "$server4" 4222 TLSv1.2 TLSv1.2 "$internal"
	established "client=Python $(python_version)" "server=NATS $(nats-server --version | grep -oE '[0-9.]+$')" \
		max=TLSv1.2 starttls=nats sni="$internal" witness=no
}
scenario nats-tls12 pcap "NATS: the server's INFO, then TLSv1.2" record_nats

# old_gnutls has programs with GnuTLS offer TLSv1 alone.
old_gnutls() {
	printf '[overrides]\ndisabled-version = %s\ndisabled-version = %s\ndisabled-version = %s\n' tls1.1 tls1.2 tls1.3 >"$scratch/gnutls"
	export GNUTLS_SYSTEM_PRIORITY_FILE=$scratch/gnutls
}

record_nbd() {
	needs nbdkit nbdinfo
	present "$internal"
	mkdir "$scratch/tls"
	cp "$CERT" "$scratch/tls/ca-cert.pem"
	cp "$CERT" "$scratch/tls/server-cert.pem"
	cp "$KEY" "$scratch/tls/server-key.pem"
	serve server nbdkit -f -i "$server4" --tls=require --tls-certificates="$scratch/tls" null size=1M
	listening 10809
	old_gnutls
	capture
	client nbdinfo "nbds://$internal/?tls-verify-peer=false"
	flow "client=nbdinfo $(nbdinfo --version | awk 'NR==1 {print $2}') (GnuTLS)" "server=$(nbdkit --version) (GnuTLS)" \
		outcome=established selected=TLSv1 max=TLSv1 starttls=nbd sni="$internal"
}
scenario nbd-tls10 pcap "NBD's STARTTLS, then TLSv1" record_nbd

record_vnc() {
	needs Xtigervnc gvnccapture
	serve server Xtigervnc :1 -nolock -interface "$server4" -rfbport 5901 -SecurityTypes TLSNone -nolisten unix
	listening 5901
	old_gnutls
	capture
	client gvnccapture "$server4:1" "$scratch/screen.png"
	flow "client=gvnccapture $(dpkg-query -Wf '${source:Upstream-Version}' gvncviewer) (GnuTLS)" \
		"server=$(Xtigervnc -version 2>&1 | grep -oE 'TigerVNC [0-9.]+') (GnuTLS)" \
		outcome=established selected=TLSv1 max=TLSv1 starttls=vnc
}
scenario vnc-tls10 pcap "VeNCrypt in VNC, then TLSv1 without a certificate" record_vnc
