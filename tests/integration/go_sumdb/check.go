// Checks a log's public folder with Go's reference implementation, golang.org/x/mod/sumdb.
//
// Arguments: the public folder, the log's vkey, an older size and its root in base64, then one index of an entry.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct{ path string }

func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, t := range tiles {
		b, err := os.ReadFile(f.where(t))
		if err != nil {
			// A partial tile may have gone: the full one begins with it.
			full := t
			full.W = 256
			if b, err = os.ReadFile(f.where(full)); err != nil {
				return nil, err
			}
			b = b[:t.W*tlog.HashSize]
		}
		data = append(data, b)
	}
	return data, nil
}

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (f folder) where(t tlog.Tile) string {
	p := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
	p = strings.Replace(p, "tile/data/", "tile/entries/", 1)
	return filepath.Join(f.path, p)
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	dir := folder{os.Args[1]}
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	raw, err := os.ReadFile(filepath.Join(dir.path, "checkpoint"))
	must(err)
	opened, err := note.Open(raw, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	reader := tlog.TileHashReader(tree, dir)

	old, err := strconv.ParseInt(os.Args[3], 10, 64)
	must(err)
	rawOld, err := base64.StdEncoding.DecodeString(os.Args[4])
	must(err)
	var oldHash tlog.Hash
	copy(oldHash[:], rawOld)
	consistency, err := tlog.ProveTree(size, old, reader)
	must(err)
	must(tlog.CheckTree(consistency, size, tree.Hash, old, oldHash))

	index, err := strconv.ParseInt(os.Args[5], 10, 64)
	must(err)
	bundle, err := os.ReadFile(dir.where(tlog.Tile{H: 8, L: -1, N: index / 256, W: int(min(size-index/256*256, 256))}))
	must(err)
	entry := bundle
	for i := int64(0); ; i++ {
		length := int(entry[0])<<8 | int(entry[1])
		if i == index%256 {
			entry = entry[2 : 2+length]
			break
		}
		entry = entry[2+length:]
	}
	inclusion, err := tlog.ProveRecord(size, index, reader)
	must(err)
	must(tlog.CheckRecord(inclusion, size, tree.Hash, index, tlog.RecordHash(entry)))
	fmt.Printf("size %d, consistency %d hashes, inclusion %d hashes, entry %q\n", size, len(consistency), len(inclusion), entry)
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
