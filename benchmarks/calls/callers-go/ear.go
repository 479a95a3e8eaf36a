package main

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	// Opus of silence is a few bytes long, of a voice or a tone 20 and more: nothing has to be decoded.
	soundBytes = 20
	// Sound that goes on for 200 ms is an answer; the first packet of it tells when it began.
	answerPackets = 10
	// A longer break begins another sound.
	breakTime = 300 * time.Millisecond
)

// What came of the agent, to check by what sound and silence are told apart.
type heard struct {
	SoundPackets  int `json:"soundPackets"`
	QuietPackets  int `json:"quietPackets"`
	SmallestSound int `json:"smallestSoundBytes"`
	LargestQuiet  int `json:"largestQuietBytes"`
}

type ear struct {
	mutex  sync.Mutex
	heard  heard
	lastAt time.Time
	// The sound that goes on, or the last one: when it began, and of how many packets it is.
	beganAt time.Time
	packets int
	// Closed and replaced with each packet of sound.
	news chan struct{}
}

func newEar() *ear {
	return &ear{news: make(chan struct{})}
}

func (one *ear) listen(track *webrtc.TrackRemote) {
	for {
		// An error is the end of the track: who waits for a sound has a time box.
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		one.take(len(packet.Payload), time.Now())
	}
}

func (one *ear) take(bytes int, at time.Time) {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	if bytes < soundBytes {
		one.heard.QuietPackets++
		one.heard.LargestQuiet = max(one.heard.LargestQuiet, bytes)
		return
	}
	one.heard.SoundPackets++
	if one.heard.SmallestSound == 0 || bytes < one.heard.SmallestSound {
		one.heard.SmallestSound = bytes
	}
	if at.Sub(one.lastAt) > breakTime {
		one.beganAt, one.packets = at, 0
	}
	one.lastAt = at
	one.packets++
	close(one.news)
	one.news = make(chan struct{})
}

// When the first sound began after a moment; false when none came before the time was up.
func (one *ear) awaitSound(after time.Time, timeUp <-chan time.Time, left <-chan struct{}) (time.Time, bool) {
	for {
		one.mutex.Lock()
		beganAt, packets, news := one.beganAt, one.packets, one.news
		one.mutex.Unlock()
		if packets >= answerPackets && beganAt.After(after) {
			return beganAt, true
		}
		select {
		case <-news:
		case <-timeUp:
			return time.Time{}, false
		case <-left:
			return time.Time{}, false
		}
	}
}

func (one *ear) heardAfter(moment time.Time) bool {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	return one.lastAt.After(moment)
}

// Counts anew.
func (one *ear) forget() {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	one.heard = heard{}
}

func (one *ear) report() heard {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	return one.heard
}
