# "make help" lists the targets. Each of them sets up what it needs first.

SHELL = /bin/sh
GO ?= go
TOOL = $(GO) tool -modfile=.ci/tools/go.mod
# libpcap is a C library, so a build without cgo is never wanted.
export CGO_ENABLED = 1

# Passed to "go test": make test TESTFLAGS='-race -v'
TESTFLAGS ?=
# How long each fuzz target runs in "make test", and in "make fuzz".
FUZZTIME ?= 2s
LONGFUZZTIME ?= 60s
# The captures that "make demo" shows: nine flows to change, three that are well.
DEMO ?= $(patsubst %,testdata/captures/%.pcap,\
	java-tls10-sni node-tls11-sni openssl-tls10-refused openssl-server-tls10 \
	openssl-tls10-certificate openssl-tls10-dns-refused curl-connect \
	postgresql-tls10 vxlan-4789 \
	python-tls12-sni openssl-exposed go-postquantum)
SHARED ?= ../shared

.PHONY: help setup build demo test e2e check fuzz bench corpus bench-peers bench-live profile record clean

help: ## what can be made
	@awk -F '##' '/^[a-z-]+:.*##/ {sub(/:.*/, "", $$1); printf "  %-12s%s\n", $$1, $$2}' Makefile

setup: ## install a C compiler and libpcap's headers if they are missing
	@.ci/setup build

build: setup ## build ./tlsfloor
	@$(GO) build -o tlsfloor ./cmd/tlsfloor

demo: build ## run tlsfloor on recorded captures
	@./tlsfloor -r $(DEMO)

# -pgo=off: or all that cmd/tlsfloor needs is compiled a second time.
test: setup ## run all tests, and each fuzz target for FUZZTIME (2s)
	$(GO) test -pgo=off $(TESTFLAGS) ./...
	@FUZZTIME=$(FUZZTIME) .ci/fuzz

e2e: setup ## run real AWS SDKs against it (Debian or Ubuntu, root)
	@.ci/setup e2e
	$(GO) test -tags e2e -count=1 -run E2E -v -timeout 20m ./cmd/tlsfloor

check: setup ## format, vet, staticcheck, import rules, known vulnerabilities, scripts, go.mod
	@.ci/setup check
	@.ci/check

fuzz: setup ## run each fuzz target for LONGFUZZTIME (60s)
	@FUZZTIME=$(LONGFUZZTIME) .ci/fuzz

bench: setup ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

corpus: build ## score tlsfloor against ../shared/corpus
	@$(GO) run -C .ci/tools ./corpus $(CURDIR)/tlsfloor $(abspath $(SHARED))/corpus $(CURDIR)/.ci/corpus-floors

bench-peers: build ## compare its speed with other tools' (needs ../shared/bench)
	@$(SHARED)/bench/peers.sh $(PEERFLAGS) ./tlsfloor -r {} --emit all

bench-live: build ## find the packet rate at which it begins to lose hellos (root; needs ../shared/bench)
	@$(SHARED)/bench/live.sh $(LIVEFLAGS) -k tlsfloor -- ./tlsfloor -i {} --emit all

profile: setup ## take the profile that the compiler is given (needs ../shared/bench)
	@.ci/profile $(SHARED)/bench cmd/tlsfloor/default.pgo

record: ## record testdata/captures again (Debian or Ubuntu, root)
	@.ci/setup build record
	@testdata/record/record

clean: ## remove what was built
	rm -f tlsfloor
