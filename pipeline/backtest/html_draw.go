package backtest

import (
	"math"
	"strconv"
	"strings"
)

// A drawing is one SVG figure: shapes in the order in which they are painted.
// Colours are classes of the style sheet, so that they follow the reader's
// light or dark scheme and the printer.
type drawing struct {
	// ID is unique on the page; Title and Desc are for screen readers.
	ID, Title, Desc string
	Width, Height   float64
	Shapes          []shape
}

// A shape is one SVG element. Tip appears where the pointer rests.
type shape struct {
	Kind  string // path, circle, rect or text
	Class string
	// Path is the data of a path; the others use X and Y, with W and H, or R.
	Path       string
	X, Y, W, H string
	R          string
	Text, Tip  string
}

func (d *drawing) add(s shape) { d.Shapes = append(d.Shapes, s) }

func (d *drawing) text(class string, x, y float64, text string) {
	d.add(shape{Kind: "text", Class: class, X: px(x), Y: px(y), Text: text})
}

func (d *drawing) segment(class string, x1, y1, x2, y2 float64) {
	d.add(shape{Kind: "path", Class: class, Path: "M" + px(x1) + " " + px(y1) + "L" + px(x2) + " " + px(y2)})
}

func (d *drawing) rect(class string, x, y, w, h float64, tip string) {
	d.add(shape{Kind: "rect", Class: class, X: px(x), Y: px(y), W: px(w), H: px(h), Tip: tip})
}

func (d *drawing) dot(class string, x, y, r float64, tip string) {
	d.add(shape{Kind: "circle", Class: class, X: px(x), Y: px(y), R: px(r), Tip: tip})
}

// px writes a coordinate to a tenth of a pixel, which is finer than a reader
// sees and coarser than machines differ.
func px(v float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if text == "-0" {
		return "0"
	}
	return text
}

// A point of a line; Missing breaks the line.
type point struct {
	X, Y    float64
	Missing bool
}

// line is the path through points. A point between two gaps has no length and
// shows through the round cap of the stroke.
func (d *drawing) line(class string, points []point) {
	var path strings.Builder
	begun := false
	for _, p := range points {
		switch {
		case p.Missing:
			begun = false
			continue
		case begun:
			path.WriteString("L")
		default:
			path.WriteString("M" + px(p.X) + " " + px(p.Y) + "L")
		}
		path.WriteString(px(p.X) + " " + px(p.Y))
		begun = true
	}
	if path.Len() > 0 {
		d.add(shape{Kind: "path", Class: class, Path: path.String()})
	}
}

// A scale maps values from [Low, High] to pixels from From to To.
type scale struct{ Low, High, From, To float64 }

func (s scale) at(v float64) float64 {
	if s.High == s.Low {
		return (s.From + s.To) / 2
	}
	return s.From + float64((v-s.Low)/(s.High-s.Low))*(s.To-s.From)
}

// ticks are round values that cover [low, high] in about count steps of 1, 2 or
// 5 times a power of ten. The first is at most low, the last at least high.
func ticks(low, high float64, count int) []float64 {
	if !(high > low) {
		low, high = low-0.5, low+0.5
	}
	raw := (high - low) / float64(count)
	magnitude := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * magnitude
	for _, factor := range []float64{1, 2, 5} {
		if factor*magnitude >= raw*(1-1e-9) {
			step = factor * magnitude
			break
		}
	}
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	values := make([]float64, 0, int(last-first)+1)
	for i := first; i <= last; i++ {
		values = append(values, i*step)
	}
	return values
}

// margins are what a plot leaves for its axes.
const (
	marginLeft   = 52.0
	marginRight  = 12.0
	marginTop    = 14.0
	marginBottom = 30.0
)

// yAxis draws a grid line and a label for each tick and returns the scale.
func (d *drawing) yAxis(values []float64, label func(float64) string) scale {
	s := scale{values[0], values[len(values)-1], d.Height - marginBottom, marginTop}
	for _, v := range values {
		y := s.at(v)
		d.segment("grid", marginLeft, y, d.Width-marginRight, y)
		d.text("tick end", marginLeft-8, y+4, label(v))
	}
	return s
}

// xAxis draws a short tick and a label for each value and returns the scale.
func (d *drawing) xAxis(values []float64, label func(float64) string) scale {
	s := scale{values[0], values[len(values)-1], marginLeft, d.Width - marginRight}
	base := d.Height - marginBottom
	for i, v := range values {
		anchor := "middle"
		if i == len(values)-1 {
			anchor = "end" // or it would stick out of the figure
		}
		d.segment("axis", s.at(v), base, s.at(v), base+4)
		d.text("tick "+anchor, s.at(v), base+19, label(v))
	}
	d.segment("axis", marginLeft, base, d.Width-marginRight, base)
	return s
}
