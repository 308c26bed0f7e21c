# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# Go's crypto/tls, in every toolchain that is here.

group_go() {
	local go
	for go in /usr/lib/go-*/bin/go "$cache"/debian/*/usr/lib/go-*/bin/go "$cache"/go/*/bin/go; do
		[[ ! -x $go ]] || measure_go "$go"
	done
}

measure_go() { # GO
	local go=$1 version origin forced
	version=$(run_go version | grep -o 'go[0-9.]*[0-9]' | head -n 1)
	version=${version#go}
	origin="Go module proxy golang.org/toolchain@v0.0.1-go$version.linux-amd64"
	[[ $go != */usr/lib/* ]] || origin="Debian $(echo "$go" | sed -n 's|.*/debian/\([a-z]*\)/.*|\1 |p')package golang-${version%.*}-go"
	[[ $go != /usr/lib/* ]] || origin=$(package "golang-${version%.*}-go")
	build_go || return 0
	client_is "go-$version" go go "$version" "crypto/tls of Go $version" "$origin" || return 0
	measure default "net/http" "$scratch/go/https" "$endpoint"
	measure default-dial "crypto/tls without ALPN" "$scratch/go/https" "$endpoint" dial
	measure default-min10 "net/http, MinVersion TLS 1.0" "$scratch/go/https" "$endpoint" http TLSv1 TLSv1.3
	measure default-tls10default "net/http, GODEBUG=tls10default=1" env GODEBUG=tls10default=1 "$scratch/go/https" "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "net/http, MinVersion and MaxVersion" "$scratch/go/https" "$endpoint" http "${label[$forced]}" "${label[$forced]}"
		measure "$forced-dial" "crypto/tls without ALPN, MinVersion and MaxVersion" "$scratch/go/https" "$endpoint" dial "${label[$forced]}" "${label[$forced]}"
	done
}

# build_go makes the client as a module of that Go's own version would be: what
# crypto/tls offers depends on the version in go.mod too.
build_go() {
	rm -rf "$scratch/go"
	mkdir -p "$scratch/go"
	cp "$here/peers/golang/main.go" "$scratch/go/"
	printf 'module client\n\ngo %s\n' "$(echo "$version" | cut -d. -f1,2)" >"$scratch/go/go.mod"
	(cd "$scratch/go" && CGO_ENABLED=0 GOPROXY=off run_go build -o https .)
}

# run_go ARGUMENT... runs that Go whatever this machine prefers.
run_go() { env GOENV=off GOFLAGS=-mod=mod GOTOOLCHAIN=local GOROOT="${go%/bin/go}" "$go" "$@"; }
