// Hashes, appends, proves and checks with Go's reference implementation, golang.org/x/mod/sumdb, and prints the
// processor time of each in microseconds, as JSON.
//
// Arguments: an empty folder, how many leaves, how many of them in a batch, how many proofs.
//
// The package has no log on a disk; what it leaves open is done here as ours does it: a batch is staged with fsync, its
// tiles and entries are written, and a signed checkpoint is written with fsync.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const leafBytes = 212

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		found[i] = h[at]
	}
	return found, nil
}

type folder struct{ path string }

func (f folder) Height() int { return 8 }

func (f folder) where(t tlog.Tile) string { return filepath.Join(f.path, t.Path()) }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, t := range tiles {
		b, err := os.ReadFile(f.where(t))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	must(err)
	return n
}

func cpu() float64 {
	var used syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e3
}

func write(path string, data []byte, durable bool) {
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	file, err := os.Create(path + ".new")
	must(err)
	_, err = file.Write(data)
	must(err)
	if durable {
		must(file.Sync())
	}
	must(file.Close())
	must(os.Rename(path+".new", path))
}

func leaves(count int64) [][]byte {
	noise := make([]byte, count*leafBytes)
	_, err := rand.Read(noise)
	must(err)
	found := make([][]byte, count)
	for i := range found {
		found[i] = noise[i*leafBytes : (i+1)*leafBytes]
	}
	return found
}

func packed(entries [][]byte) []byte {
	var data []byte
	for _, entry := range entries {
		data = append(data, byte(len(entry)>>8), byte(len(entry)))
		data = append(data, entry...)
	}
	return data
}

func main() {
	dir, count, batch, proofs := folder{os.Args[1]}, number(os.Args[2]), number(os.Args[3]), number(os.Args[4])
	secret, _, err := note.GenerateKey(rand.Reader, "bench.example/log")
	must(err)
	signer, err := note.NewSigner(secret)
	must(err)

	var stored hashes
	var root tlog.Hash
	var hashing, appending float64
	for done := int64(0); done < count; done += batch {
		entries := leaves(batch)
		began := cpu()
		for _, entry := range entries {
			tlog.RecordHash(entry)
		}
		hashing += cpu() - began

		began = cpu()
		write(filepath.Join(dir.path, "staged"), packed(entries), true)
		for i, entry := range entries {
			more, err := tlog.StoredHashes(done+int64(i), entry, stored)
			must(err)
			stored = append(stored, more...)
		}
		for _, tile := range tlog.NewTiles(8, done, done+batch) {
			data, err := tlog.ReadTileData(tile, stored)
			must(err)
			write(dir.where(tile), data, false)
		}
		for i := int64(0); i < batch; i += 256 {
			write(filepath.Join(dir.path, "entries", strconv.FormatInt((done+i)/256, 10)), packed(entries[i:i+256]), false)
		}
		root, err = tlog.TreeHash(done+batch, stored)
		must(err)
		text := strings.Replace(string(tlog.FormatTree(tlog.Tree{N: done + batch, Hash: root})), "go.sum database tree", "bench.example/log", 1)
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		must(err)
		write(filepath.Join(dir.path, "checkpoint"), signed, true)
		appending += cpu() - began
	}

	tree := tlog.Tree{N: count, Hash: root}
	var proving, checking float64
	for i := int64(0); i < proofs; i++ {
		index := i * 7919993 % count
		leaf := stored[tlog.StoredHashIndex(0, index)]
		began := cpu()
		proof, err := tlog.ProveRecord(count, index, tlog.TileHashReader(tree, dir))
		must(err)
		proving += cpu() - began
		began = cpu()
		must(tlog.CheckRecord(proof, count, root, index, leaf))
		checking += cpu() - began
	}
	n, p := float64(count), float64(proofs)
	said := map[string]float64{"hash": hashing / n, "append": appending / n, "prove": proving / p, "check": checking / p}
	must(json.NewEncoder(os.Stdout).Encode(said))
}
