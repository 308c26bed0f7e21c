# "make help" lists the targets. Each installs what it needs first.

SHELL = /bin/sh
export GO ?= go
TOOL = $(GO) tool -modfile=.ci/tools/go.mod
# Prints which tests were skipped. It is run by its files, so that it needs no newer Go.
TESTED = $(GO) run $(filter-out %_test.go,$(wildcard .ci/tools/tested/*.go))
# libpcap is a C library, so cgo is always needed.
export CGO_ENABLED = 1

# In a folder of another user git answers nothing, and without its answer Go does not build.
ifneq ($(shell git rev-parse HEAD >/dev/null 2>&1 && echo known),known)
export GOFLAGS := $(shell $(GO) env GOFLAGS 2>/dev/null) -buildvcs=false
endif

# Passed to "go test": make test TESTFLAGS='-race -v'
TESTFLAGS ?=
# How long each fuzz target runs in "make test", and in "make fuzz".
FUZZTIME ?= 2s
LONGFUZZTIME ?= 60s
# How much of the ten minutes and 300 kills "make soak" takes; 1 is all.
SOAK ?= 1
# The captures of "make demo": nine flows that have to change, and three good ones.
DEMO ?= $(patsubst %,testdata/captures/%.pcap,\
	java-tls10-sni node-tls11-sni openssl-tls10-refused openssl-server-tls10 \
	openssl-tls10-certificate openssl-tls10-dns-refused curl-connect \
	postgresql-tls10 vxlan-4789 \
	python-tls12-sni openssl-exposed go-postquantum)
SHARED ?= ../shared

.PHONY: help setup build demo test quick e2e receivers soak system check fuzz seeds mutate bench corpus clients cases shape messages fields bench-peers bench-live profile record clean

help: ## list the targets
	@awk -F '##' '/^[a-z0-9-]+:.*##/ {sub(/:.*/, "", $$1); printf "  %-12s%s\n", $$1, $$2}' Makefile

setup: ## install a C compiler and libpcap's headers if they are missing
	@.ci/setup build

build: setup ## build ./tlsfloor
	@.ci/build

demo: build ## run tlsfloor on recorded captures
	@./tlsfloor -r $(DEMO)

# Without -pgo=off, all packages that cmd/tlsfloor imports are compiled twice. The tests of
# cmd/tlsfloor take seven minutes on two processors with -race; Go's own limit is ten.
test: setup ## run all tests, and each fuzz target for FUZZTIME (2s); list skipped tests
	@FUZZTIME=$(FUZZTIME) $(TESTED) -then .ci/fuzz $(GO) test -pgo=off -timeout 20m $(TESTFLAGS) ./...

quick: setup ## run the tests that need no root, no waiting and little work: a minute
	@$(TESTED) $(GO) test -pgo=off -short $(TESTFLAGS) ./...

e2e: setup ## run real AWS SDKs, database clients and mail servers against it (Debian or Ubuntu, root)
	@.ci/setup e2e
	$(GO) test -tags e2e -count=1 -run E2E -v -timeout 20m ./cmd/tlsfloor

receivers: setup ## build servers of syslog and HTTP (minutes), and end them while events go to them
	@.ci/setup tests receivers
	$(GO) test -pgo=off -count=1 -run TestReceiver -v ./cmd/internal/emit/deliver

soak: setup ## run a sensor, a shipper and far ends through faults for half an hour (root); SOAK=0.1: a tenth of them
	SOAK=$(SOAK) $(GO) test -pgo=off -count=1 -run TestSoak -v -timeout 3h ./cmd/tlsfloor

system: setup ## run an intruder in each process (docs/security.md), and README's commands in a fresh Debian (root)
	@.ci/setup system
	$(GO) test -pgo=off -tags attacker -count=1 -run TestSystem -timeout 20m ./cmd/tlsfloor $(TESTFLAGS)
	@.ci/fresh-root

check: setup ## format, vet, staticcheck, import rules, known vulnerabilities, scripts, go.mod
	@.ci/setup check
	@.ci/check

fuzz: setup ## run each fuzz target for LONGFUZZTIME (60s)
	@FUZZTIME=$(LONGFUZZTIME) .ci/fuzz

seeds: setup ## keep inputs of fuzzing that reach more code, in testdata/fuzz
	@$(GO) run -C .ci/tools ./seeds $(CURDIR)

mutate: setup ## read 36,000 captures whose bytes were changed, cut, moved and mixed
	MUTATIONS=36000 $(GO) test -pgo=off -count=1 -run TestMutatedCaptures -v -timeout 60m ./cmd/tlsfloor

bench: setup ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

corpus: build ## score tlsfloor against ../shared/corpus
	@$(GO) run -C .ci/tools ./corpus $(CURDIR)/tlsfloor $(abspath $(SHARED))/corpus $(CURDIR)/.ci/corpus-floors

clients: setup ## score how clients are named against ../shared/fingerprints
	@$(GO) run -C .ci/tools ./clients $(abspath $(SHARED))/fingerprints/hellos-2019.tsv clients/mapping.tsv $(CURDIR)/.ci/clients-floors

cases: build ## check tlsfloor with ../shared/cases, with one worker and with two
	@$(SHARED)/cases/check.py ./tlsfloor
	@$(SHARED)/cases/check.py "./tlsfloor --workers 2"

shape: setup ## print the sizes of functions, files and packages, and the use of exported names
	@$(GO) run -C .ci/tools ./shape $(CURDIR)

messages: setup ## list every text of the program that a person can read
	@$(GO) run -C .ci/tools ./messages $(CURDIR)

fields: setup ## write docs/fields.md again, after a change of docs/event.schema.json
	@$(GO) run -C .ci/tools ./fields $(CURDIR)

bench-peers: build ## compare its speed with other tools' (needs ../shared/bench)
	@$(SHARED)/bench/peers.sh $(PEERFLAGS) ./tlsfloor -r {} --emit all

bench-live: build ## find the packet rate from which hellos are lost (root; needs ../shared/bench)
	@$(SHARED)/bench/live.sh $(LIVEFLAGS) -k tlsfloor -- ./tlsfloor -i {} --emit all

profile: setup ## take the compiler's profile again (needs ../shared/bench)
	@.ci/profile $(SHARED)/bench cmd/tlsfloor/default.pgo

record: ## record testdata/captures again (Debian or Ubuntu, root)
	@.ci/setup build record
	@testdata/record/record

clean: ## remove the built program
	rm -f tlsfloor
