package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	lksdk "github.com/livekit/server-sdk-go/v2"
)

const (
	packetTime    = 20 * time.Millisecond
	packetSamples = 960
	// During silence, a client sends only one packet of comfort noise per interval (DTX).
	comfortTime = 400 * time.Millisecond
)

var errLeft = errors.New("the caller has left its room")

// An Opus packet of 20 ms and its audio level in -dBov, which goes into the header as with every client. An empty
// packet is not sent, but takes its time.
type packet struct {
	Opus  []byte `json:"opus"`
	Level uint8  `json:"level"`
}

// What a caller says, encoded once by the process that started this one.
type speech struct {
	Words []packet `json:"words"`
	// The silence after the words, until the encoder stops sending.
	Tail    []packet `json:"tail"`
	Comfort packet   `json:"comfort"`
}

type microphone struct {
	track    *lksdk.LocalTrack
	said     *speech
	asked    chan chan spoken
	started  time.Time
	sequence uint16
	// Number of 20 ms intervals since the start, for the time stamp of the next packet.
	tick uint32
}

type spoken struct {
	lastPacketAt time.Time
	err          error
}

func newMicrophone(said *speech) (*microphone, error) {
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48_000, Channels: 2,
	})
	if err != nil {
		return nil, err
	}
	return &microphone{track: track, said: said, asked: make(chan chan spoken)}, nil
}

// Says the sentence; returns when the last packet with words was sent.
func (mic *microphone) speak(left <-chan struct{}) (time.Time, error) {
	answer := make(chan spoken, 1)
	select {
	case mic.asked <- answer:
	case <-left:
		return time.Time{}, errLeft
	}
	select {
	case done := <-answer:
		return done.lastPacketAt, done.err
	case <-left:
		return time.Time{}, errLeft
	}
}

// Sends until the caller leaves: comfort noise, and words on request.
func (mic *microphone) run(left <-chan struct{}) {
	mic.started = time.Now()
	comfort := time.NewTicker(comfortTime)
	defer comfort.Stop()
	for {
		select {
		case <-left:
			return
		case <-comfort.C:
			mic.catchUp()
			// A packet that is lost here could as well be lost in the network.
			_ = mic.send(mic.said.Comfort, false)
		case answer := <-mic.asked:
			at, err := mic.sendAll(mic.said.Words, true)
			answer <- spoken{lastPacketAt: at, err: err}
			if err == nil {
				_, err = mic.sendAll(mic.said.Tail, false)
			}
			if err != nil {
				return
			}
			comfort.Reset(comfortTime)
		}
	}
}

// Sends in real time, by the clock: a packet that is sent late does not delay the next.
func (mic *microphone) sendAll(packets []packet, spurt bool) (time.Time, error) {
	mic.catchUp()
	from := time.Now()
	last := from
	for index, each := range packets {
		if len(each.Opus) == 0 {
			mic.tick++
			continue
		}
		time.Sleep(time.Until(from.Add(time.Duration(index) * packetTime)))
		if err := mic.send(each, spurt && index == 0); err != nil {
			return time.Time{}, fmt.Errorf("the caller could not speak: %w", err)
		}
		last = time.Now()
	}
	// The next packet follows when this one has been played.
	time.Sleep(time.Until(from.Add(time.Duration(len(packets)) * packetTime)))
	return last, nil
}

// Time stamps also advance while nothing is sent.
func (mic *microphone) catchUp() {
	mic.tick = max(mic.tick, uint32(time.Since(mic.started)/packetTime))
}

func (mic *microphone) send(each packet, marker bool) error {
	mic.sequence++
	mic.tick++
	header := rtp.Header{
		Version: 2, Marker: marker, SequenceNumber: mic.sequence, Timestamp: mic.tick * packetSamples,
	}
	return mic.track.WriteRTP(
		&rtp.Packet{Header: header, Payload: each.Opus},
		&lksdk.SampleWriteOptions{AudioLevel: &each.Level},
	)
}

func milliseconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Millisecond))
}

func seconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Second))
}
