package main

import (
	"crypto/sha256"

	pubsubpb "github.com/libp2p/go-libp2p-pubsub/pb"
)

// idOf names a message as Tilth does: SHA-256 of its topic, a zero byte and its data.
func idOf(message *pubsubpb.Message) string {
	hash := sha256.New()
	hash.Write([]byte(message.GetTopic()))
	hash.Write([]byte{0})
	hash.Write(message.GetData())
	return string(hash.Sum(nil))
}
