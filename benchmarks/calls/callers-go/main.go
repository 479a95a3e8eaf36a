// The callers of the benchmark: many in one process, without encoding or decoding audio. Each command is a line of
// JSON on standard input and is answered with one line; the process ends when its input does.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/go-logr/logr"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// A sentence of base64 packets is one line.
const longestLine = 4 << 20

type command struct {
	ID     int    `json:"id"`
	Op     string `json:"op"`
	Caller string `json:"caller"`
	URL    string `json:"url"`
	Token  string `json:"token"`
	// How long to talk, or to wait for sound.
	Seconds float64 `json:"seconds"`
	Manners manners `json:"manners"`
	Speech  *speech `json:"speech"`
}

type reply struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

type callers struct {
	mutex  sync.Mutex
	all    map[string]*caller
	speech *speech
}

func main() {
	// Standard output is for answers only; errors are part of them.
	lksdk.SetLogger(logger.LogRLogger(logr.Discard()))
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, longestLine)
	out := json.NewEncoder(os.Stdout)
	var writing sync.Mutex
	here := &callers{all: map[string]*caller{}}
	for in.Scan() {
		var asked command
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "not a command:", err)
			os.Exit(2)
		}
		go func() {
			answer := reply{ID: asked.ID}
			result, err := here.run(asked)
			if err != nil {
				answer.Error = err.Error()
			} else {
				answer.Result = result
			}
			writing.Lock()
			defer writing.Unlock()
			if err := out.Encode(answer); err != nil {
				os.Exit(1)
			}
		}()
	}
	here.hangUpAll()
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "commands ended:", err)
		os.Exit(1)
	}
}

func (here *callers) run(asked command) (any, error) {
	switch asked.Op {
	case "speech":
		return here.learn(asked.Speech)
	case "join":
		return here.join(asked)
	}
	one, err := here.get(asked.Caller)
	if err != nil {
		return nil, err
	}
	switch asked.Op {
	case "awaitSound":
		return one.awaitFirstSound(seconds(asked.Seconds))
	case "talk":
		return one.talk(seconds(asked.Seconds), asked.Manners)
	case "hangUp":
		one.hangUp()
		return struct{}{}, nil
	}
	return nil, fmt.Errorf("there is no command %q", asked.Op)
}

func (here *callers) learn(said *speech) (any, error) {
	if said == nil || len(said.Words) == 0 || len(said.Comfort.Opus) == 0 {
		return nil, fmt.Errorf("speech needs packets with words and one of comfort noise")
	}
	here.mutex.Lock()
	defer here.mutex.Unlock()
	here.speech = said
	return struct{}{}, nil
}

func (here *callers) join(asked command) (any, error) {
	here.mutex.Lock()
	said, taken := here.speech, here.all[asked.Caller] != nil
	here.mutex.Unlock()
	if said == nil {
		return nil, fmt.Errorf("callers have nothing to say yet: send speech first")
	}
	if taken {
		return nil, fmt.Errorf("caller %q is in a room already", asked.Caller)
	}
	one, err := join(asked.URL, asked.Token, said)
	if err != nil {
		return nil, err
	}
	here.mutex.Lock()
	defer here.mutex.Unlock()
	here.all[asked.Caller] = one
	return struct{}{}, nil
}

func (here *callers) get(name string) (*caller, error) {
	here.mutex.Lock()
	defer here.mutex.Unlock()
	one := here.all[name]
	if one == nil {
		return nil, fmt.Errorf("there is no caller %q", name)
	}
	return one, nil
}

func (here *callers) hangUpAll() {
	here.mutex.Lock()
	defer here.mutex.Unlock()
	for _, one := range here.all {
		one.hangUp()
	}
}
