// SPDX-License-Identifier: Apache-2.0

// tlog reads the log of a running registry with Go's own libraries for transparency logs: notes, tiles, proofs.
//
//	tlog SOCKET VKEY [OLD-CHECKPOINT]	the checkpoint is printed; its tree is that of all leaves, and began as the old one
package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

var client http.Client

func get(path string) []byte {
	answer, err := client.Get("http://registry/" + path)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		log.Fatalf("%s: %s %s %v", path, answer.Status, text, err)
	}
	return text
}

// C2SP checkpoint: origin, size, root.
func open(text []byte, vkey string) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		log.Fatal(err)
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		log.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		log.Fatalf("the log is called %q, its key %q", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		log.Fatal(err)
	}
	return tlog.Tree{N: size, Hash: root}
}

// Tiles as C2SP tlog-tiles names them: without the height.
type tiles struct{}

func (tiles) Height() int                            { return height }
func (tiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		all = append(all, get("log/"+strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}
	return all, nil
}

type proof struct {
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
}

func ask(path string) (root tlog.Hash, hashes []tlog.Hash) {
	var p proof
	if err := json.Unmarshal(get(path), &p); err != nil {
		log.Fatal(err)
	}
	for _, text := range p.Proof {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			log.Fatal(err)
		}
		hashes = append(hashes, hash)
	}
	if p.Root != "" {
		bytes, err := base64.StdEncoding.DecodeString(p.Root)
		if err != nil {
			log.Fatal(err)
		}
		copy(root[:], bytes)
	}
	return root, hashes
}

// The leaves of a tile, each behind its length.
func leaves(index, width int64) [][]byte {
	tile := tlog.Tile{H: height, L: 0, N: index, W: int(width)}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	rest := get("log/" + path)
	var all [][]byte
	for len(rest) > 0 {
		size := binary.BigEndian.Uint16(rest)
		all = append(all, rest[2:2+size])
		rest = rest[2+size:]
	}
	return all
}

// All leaves are in the tree, where they should be.
func checkLeaves(tree tlog.Tree) {
	reader := tlog.TileHashReader(tree, tiles{})
	for at := int64(0); at < tree.N; {
		width := tree.N - at
		if width > 1<<height {
			width = 1 << height
		}
		var indexes []int64
		for i := int64(0); i < width; i++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, at+i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			log.Fatal(err)
		}
		for i, leaf := range leaves(at>>height, width) {
			if tlog.RecordHash(leaf) != hashes[i] {
				log.Fatalf("leaf %d is not in the tree", at+int64(i))
			}
		}
		at += width
	}
}

func checkProofs(tree tlog.Tree) {
	reader := tlog.TileHashReader(tree, tiles{})
	for at := int64(0); at < tree.N; at += 1 + tree.N/50 {
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
		if err != nil {
			log.Fatal(err)
		}
		root, hashes := ask(fmt.Sprintf("v1/log/proofs/inclusion?seq=%d&size=%d", at, tree.N))
		if root != tree.Hash {
			log.Fatalf("another root than the checkpoint's")
		}
		if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, at, leaf[0]); err != nil {
			log.Fatalf("inclusion of %d: %v", at, err)
		}
		if at == 0 {
			continue
		}
		old, err := tlog.TreeHash(at, reader)
		if err != nil {
			log.Fatal(err)
		}
		checkGrowth(tree, tlog.Tree{N: at, Hash: old})
	}
}

func checkGrowth(tree, old tlog.Tree) {
	_, hashes := ask(fmt.Sprintf("v1/log/proofs/consistency?from=%d&to=%d", old.N, tree.N))
	if err := tlog.CheckTree(hashes, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		log.Fatalf("consistency of %d with %d: %v", old.N, tree.N, err)
	}
}

func main() {
	log.SetFlags(0)
	client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", os.Args[1])
	}}
	text := get("log/checkpoint")
	tree := open(text, os.Args[2])
	checkLeaves(tree)
	checkProofs(tree)
	if len(os.Args) > 3 {
		kept, err := os.ReadFile(os.Args[3])
		if err != nil {
			log.Fatal(err)
		}
		checkGrowth(tree, open(kept, os.Args[2]))
	}
	fmt.Print(string(text))
}
