package main

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	// An Opus packet of silence has a few bytes, one of a voice or a tone 20 or more: no decoding is needed.
	soundBytes = 20
	// Sound of 200 ms or more is an answer; it started with its first packet.
	answerPackets = 10
	// After a longer break, a new sound starts.
	breakTime = 300 * time.Millisecond
)

// Statistics of the packets received from the agent, to check that sizes tell sound from silence.
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
	// The current or last sound: when it started, and its number of packets.
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
		// An error is the end of the track; waiting for sound has a time-out.
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

// Returns when the first sound after a moment started; false when there was none before the time was up.
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

// Resets the statistics.
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
