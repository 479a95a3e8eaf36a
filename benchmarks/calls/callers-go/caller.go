package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

// How a caller behaves; all in milliseconds.
type manners struct {
	// From its last word to its next one; longer while the agent still speaks.
	PauseMs float64 `json:"pauseMs"`
	// How long the agent must have been silent before the caller speaks.
	SilenceMs float64 `json:"silenceMs"`
	// An answer that has not started by then counts as missed.
	PatienceMs float64 `json:"patienceMs"`
}

// One turn. AnsweredAtMs is the start of the answer since the epoch. Without an answer, LatencyMs is null and
// AnsweredAtMs is 0.
type turn struct {
	LatencyMs    *float64 `json:"latencyMs"`
	AnsweredAtMs float64  `json:"answeredAtMs"`
	// Whether the agent was heard while the caller spoke.
	CutIn bool `json:"cutIn"`
}

type talked struct {
	Turns []turn `json:"turns"`
	Heard heard  `json:"heard"`
}

type caller struct {
	room       *lksdk.Room
	microphone *microphone
	ear        *ear
	leaving    sync.Once
	left       chan struct{}
}

func join(url, token string, said *speech) (*caller, error) {
	one := &caller{ear: newEar(), left: make(chan struct{})}
	callback := lksdk.NewRoomCallback()
	callback.OnTrackSubscribed = func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, who *lksdk.RemoteParticipant) {
		if who.Kind() == lksdk.ParticipantAgent && track.Kind() == webrtc.RTPCodecTypeAudio {
			go one.ear.listen(track)
		}
	}
	callback.OnDisconnected = func() { one.leave() }
	room, err := lksdk.ConnectToRoomWithToken(url, token, callback)
	if err != nil {
		return nil, fmt.Errorf("the caller could not join its room: %w", err)
	}
	one.room = room
	one.microphone, err = newMicrophone(said)
	if err != nil {
		room.Disconnect()
		return nil, err
	}
	published := &lksdk.TrackPublicationOptions{Name: "microphone", Source: livekit.TrackSource_MICROPHONE}
	if _, err = room.LocalParticipant.PublishTrack(one.microphone.track, published); err != nil {
		room.Disconnect()
		return nil, fmt.Errorf("the microphone was not published: %w", err)
	}
	go one.microphone.run(one.left)
	return one, nil
}

// Returns when the agent was first heard after the join.
func (one *caller) awaitFirstSound(patience time.Duration) (any, error) {
	at, ok := one.ear.awaitSound(time.Time{}, time.After(patience), one.left)
	if !ok {
		return nil, fmt.Errorf("nothing was heard of the agent within %s", patience)
	}
	return map[string]float64{"atMs": sinceEpoch(at)}, nil
}

// Waits until the agent is silent, speaks, waits for the answer, pauses, and starts again.
func (one *caller) talk(duration time.Duration, how manners) (any, error) {
	// A nil slice would be null in JSON.
	turns := []turn{}
	one.ear.forget()
	for deadline := time.Now().Add(duration); time.Now().Before(deadline); {
		for one.ear.heardAfter(time.Now().Add(-milliseconds(how.SilenceMs))) {
			if err := one.pause(50 * time.Millisecond); err != nil {
				return nil, err
			}
		}
		began := time.Now()
		ended, err := one.microphone.speak(one.left)
		if err != nil {
			return nil, err
		}
		now := turn{CutIn: one.ear.heardAfter(began)}
		if at, ok := one.ear.awaitSound(ended, time.After(milliseconds(how.PatienceMs)), one.left); ok {
			latency := float64(at.Sub(ended).Microseconds()) / 1_000
			now.LatencyMs = &latency
			now.AnsweredAtMs = sinceEpoch(at)
		}
		turns = append(turns, now)
		if err := one.pause(time.Until(ended.Add(milliseconds(how.PauseMs)))); err != nil {
			return nil, err
		}
	}
	return talked{Turns: turns, Heard: one.ear.report()}, nil
}

func sinceEpoch(at time.Time) float64 {
	return float64(at.UnixMicro()) / 1_000
}

func (one *caller) pause(duration time.Duration) error {
	select {
	case <-time.After(duration):
		return nil
	case <-one.left:
		return errLeft
	}
}

func (one *caller) hangUp() {
	one.leave()
	one.room.Disconnect()
}

func (one *caller) leave() {
	one.leaving.Do(func() { close(one.left) })
}
