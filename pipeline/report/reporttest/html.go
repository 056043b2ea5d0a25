package reporttest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	nethtml "golang.org/x/net/html"
)

// gfm is GitHub's Markdown as a library reads it. HTML stays in, so that what
// came through is seen.
var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))

// pageElements are those that a page of findings is made of.
var pageElements = []string{"html", "head", "body", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "details", "summary"}

// GFM renders a page by a real parser of GitHub's Markdown, reads the result as
// a browser does, and returns the texts of cells, headings and paragraphs without
// what keeps characters apart. An element, an attribute or a comment that is not
// the writer's is an error.
func GFM(page string) ([]string, error) {
	var rendered bytes.Buffer
	if err := gfm.Convert([]byte(page), &rendered); err != nil {
		return nil, err
	}
	root, err := nethtml.Parse(&rendered)
	if err != nil {
		return nil, err
	}
	var texts []string
	for node := range root.Descendants() {
		switch node.Type {
		case nethtml.ElementNode:
			if !slices.Contains(pageElements, node.Data) || len(node.Attr) > 0 {
				return nil, fmt.Errorf("the page has the element %s %v", node.Data, node.Attr)
			}
			if slices.Contains([]string{"td", "th", "p", "h3", "h4"}, node.Data) {
				texts = append(texts, strings.TrimSpace(strings.ReplaceAll(textOf(node), invisible, "")))
			}
		case nethtml.CommentNode:
			if !own.MatchString("<!--" + node.Data + "-->") {
				return nil, fmt.Errorf("the page has the comment %q", node.Data)
			}
		case nethtml.DocumentNode, nethtml.TextNode:
		default:
			return nil, fmt.Errorf("the page has a node of the kind %d: %q", node.Type, node.Data)
		}
	}
	return texts, nil
}

// Skeleton is what a browser makes of a page of HTML without its texts and the
// values of its attributes: the same for every text that stays text. Texts are
// returned apart.
func Skeleton(page string) (skeleton []string, texts []string, err error) {
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		return nil, nil, err
	}
	for node := range root.Descendants() {
		switch node.Type {
		case nethtml.TextNode:
			texts = append(texts, node.Data)
		case nethtml.ElementNode:
			names := []string{node.Data}
			for _, attribute := range node.Attr {
				names = append(names, attribute.Key)
				texts = append(texts, attribute.Val)
			}
			skeleton = append(skeleton, strings.Join(names, " "))
		default:
			skeleton = append(skeleton, fmt.Sprint("node of the kind ", node.Type))
		}
	}
	return skeleton, texts, nil
}

func textOf(node *nethtml.Node) string {
	var text strings.Builder
	for child := range node.Descendants() {
		if child.Type == nethtml.TextNode {
			text.WriteString(child.Data)
		}
	}
	return text.String()
}
