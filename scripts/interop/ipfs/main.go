// A go-libp2p peer that does what it is told: one line of JSON in, one line of JSON out for each. What comes to it by
// itself (messages of topics) goes out as lines of their own.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/ipfs/boxo/bitswap"
	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/ipfs/boxo/blockstore"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"
)

type command struct {
	Do    string `json:"do"`
	Addr  string `json:"addr"`
	Cid   string `json:"cid"`
	Hex   string `json:"hex"`
	Topic string `json:"topic"`
}

var out sync.Mutex

func say(value any) {
	out.Lock()
	defer out.Unlock()
	line, _ := json.Marshal(value)
	fmt.Println(string(line))
}

type node struct {
	host   host.Host
	swap   *bitswap.Bitswap
	store  blockstore.Blockstore
	gossip *pubsub.PubSub
	topics map[string]*pubsub.Topic
}

func start(ctx context.Context, keyType int, listen bool) (*node, error) {
	key, _, err := crypto.GenerateKeyPairWithReader(keyType, -1, rand.Reader)
	if err != nil {
		return nil, err
	}
	where := libp2p.NoListenAddrs
	if listen {
		where = libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0")
	}
	// What listens nowhere can still be reached by way of a relay.
	h, err := libp2p.New(libp2p.Identity(key), where, libp2p.EnableRelay(), libp2p.ForceReachabilityPrivate())
	if err != nil {
		return nil, err
	}
	store := blockstore.NewBlockstore(dssync.MutexWrap(datastore.NewMapDatastore()))
	swap := bitswap.New(ctx, bsnet.NewFromIpfsHost(h), nil, store)
	// Messages are envelopes that are signed by themselves, and gossipsub signs nothing.
	gossip, err := pubsub.NewGossipSub(ctx, h, pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(), pubsub.WithMessageIdFn(idOf))
	if err != nil {
		return nil, err
	}
	return &node{h, swap, store, gossip, map[string]*pubsub.Topic{}}, nil
}

func addrInfo(text string) (*peer.AddrInfo, error) {
	addr, err := multiaddr.NewMultiaddr(text)
	if err != nil {
		return nil, err
	}
	return peer.AddrInfoFromP2pAddr(addr)
}

func (n *node) topic(name string) (*pubsub.Topic, error) {
	if known, ok := n.topics[name]; ok {
		return known, nil
	}
	topic, err := n.gossip.Join(name)
	if err == nil {
		n.topics[name] = topic
	}
	return topic, err
}

func (n *node) do(ctx context.Context, c command) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	switch c.Do {
	case "connect": // through a relay too
		info, err := addrInfo(c.Addr)
		if err != nil {
			return nil, err
		}
		ctx = network.WithAllowLimitedConn(ctx, "asked to")
		if err := n.host.Connect(ctx, *info); err != nil {
			return nil, err
		}
		conns := n.host.Network().ConnsToPeer(info.ID)
		if len(conns) == 0 {
			return nil, errors.New("the connection is gone already")
		}
		return map[string]any{"limited": conns[0].Stat().Limited, "over": conns[0].RemoteMultiaddr().String()}, nil
	case "ping":
		info, err := addrInfo(c.Addr)
		if err != nil {
			return nil, err
		}
		ctx = network.WithAllowLimitedConn(ctx, "asked to")
		result := <-ping.Ping(ctx, n.host, info.ID)
		return map[string]any{"microseconds": result.RTT.Microseconds()}, result.Error
	case "identify": // what the other has said of itself
		info, err := addrInfo(c.Addr)
		if err != nil {
			return nil, err
		}
		protocols, err := n.host.Peerstore().GetProtocols(info.ID)
		agent, _ := n.host.Peerstore().Get(info.ID, "AgentVersion")
		return map[string]any{"protocols": protocols, "agent": agent}, err
	case "reserve":
		info, err := addrInfo(c.Addr)
		if err != nil {
			return nil, err
		}
		held, err := client.Reserve(ctx, n.host, *info)
		if err != nil {
			return nil, err
		}
		return map[string]any{"seconds": time.Until(held.Expiration).Seconds(), "bytes": held.LimitData}, nil
	case "get":
		wanted, err := cid.Decode(c.Cid)
		if err != nil {
			return nil, err
		}
		block, err := n.swap.GetBlock(ctx, wanted)
		if err != nil {
			return nil, err
		}
		return map[string]any{"hex": hex.EncodeToString(block.RawData())}, nil
	case "put":
		data, err := hex.DecodeString(c.Hex)
		if err != nil {
			return nil, err
		}
		hash, err := multihash.Sum(data, multihash.SHA2_256, -1)
		if err != nil {
			return nil, err
		}
		block, err := blocks.NewBlockWithCid(data, cid.NewCidV1(cid.Raw, hash))
		if err != nil {
			return nil, err
		}
		if err := n.store.Put(ctx, block); err != nil {
			return nil, err
		}
		return map[string]any{"cid": block.Cid().String()}, n.swap.NotifyNewBlocks(ctx, block)
	case "subscribe":
		topic, err := n.topic(c.Topic)
		if err != nil {
			return nil, err
		}
		heard, err := topic.Subscribe()
		if err != nil {
			return nil, err
		}
		go func() {
			for {
				message, err := heard.Next(context.Background())
				if err != nil {
					return
				}
				say(map[string]any{"message": hex.EncodeToString(message.Data), "topic": c.Topic,
					"from": message.ReceivedFrom.String()})
			}
		}()
		return map[string]any{}, nil
	case "publish":
		topic, err := n.topic(c.Topic)
		if err != nil {
			return nil, err
		}
		data, err := hex.DecodeString(c.Hex)
		if err != nil {
			return nil, err
		}
		return map[string]any{}, topic.Publish(ctx, data, pubsub.WithReadiness(pubsub.MinTopicSize(1)))
	case "peers":
		ids := []string{}
		for _, id := range n.gossip.ListPeers(c.Topic) {
			ids = append(ids, id.String())
		}
		return map[string]any{"peers": ids}, nil
	}
	return nil, fmt.Errorf("%s is not known here", c.Do)
}

func main() {
	ctx := context.Background()
	keyType, listen := crypto.Secp256k1, true
	for _, arg := range os.Args[1:] {
		switch arg {
		case "--ed25519":
			keyType = crypto.Ed25519
		case "--hidden":
			listen = false
		}
	}
	n, err := start(ctx, keyType, listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	addrs := []string{}
	for _, addr := range n.host.Addrs() {
		addrs = append(addrs, fmt.Sprintf("%s/p2p/%s", addr, n.host.ID()))
	}
	say(map[string]any{"peerId": n.host.ID().String(), "addrs": addrs})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<16), 16<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			say(map[string]any{"error": err.Error()})
			continue
		}
		answer, err := n.do(ctx, c)
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		say(map[string]any{"answer": answer})
	}
}
