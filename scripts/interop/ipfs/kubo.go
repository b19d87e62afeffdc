//go:build never

// Kubo is built beside the peer, of the versions that go.mod names.
package main

import _ "github.com/ipfs/kubo/cmd/ipfs"
