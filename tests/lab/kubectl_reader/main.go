// Command kubectl_reader reads texts as `kubectl apply -f FILE` does before it asks a server anything. Each line of its input is
// {"text": BASE64}; each line of its output has the documents of that text, the objects in them, and what kubectl complains of.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/resource"
)

type question struct {
	Text []byte `json:"text"`
}

type answer struct {
	Documents []json.RawMessage `json:"documents"`
	Broken    string            `json:"broken,omitempty"`
	Objects   []json.RawMessage `json:"objects"`
	Refused   string            `json:"refused,omitempty"`
}

// documents is the loop of StreamVisitor in cli-runtime, over the text that FileVisitor hands to it.
func documents(text []byte) (out []json.RawMessage, err error) {
	reader := transform.NewReader(bytes.NewReader(text), unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	decoder := yaml.NewYAMLOrJSONDecoder(reader, 4096)
	for {
		document := runtime.RawExtension{}
		if err := decoder.Decode(&document); err != nil {
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			return out, err
		}
		raw := bytes.TrimSpace(document.Raw)
		if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
			continue
		}
		out = append(out, append(json.RawMessage{}, raw...))
	}
}

func objects(file string) (out []json.RawMessage, err error) {
	flags := genericclioptions.NewConfigFlags(false)
	result := resource.NewBuilder(flags).Unstructured().Local().ContinueOnError().
		FilenameParam(false, &resource.FilenameOptions{Filenames: []string{file}}).Flatten().Do()
	infos, err := result.Infos()
	for _, info := range infos {
		if object, ok := info.Object.(*unstructured.Unstructured); ok {
			text, err := json.Marshal(object.Object)
			if err != nil {
				return out, err
			}
			out = append(out, text)
		}
	}
	return out, err
}

func main() {
	file, err := os.CreateTemp("", "text-*.yaml")
	if err != nil {
		panic(err)
	}
	defer os.Remove(file.Name())
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := os.WriteFile(file.Name(), asked.Text, 0o600); err != nil {
			panic(err)
		}
		given := answer{}
		if given.Documents, err = documents(asked.Text); err != nil {
			given.Broken = err.Error()
		}
		if given.Objects, err = objects(file.Name()); err != nil {
			given.Refused = err.Error()
		}
		for _, list := range []*[]json.RawMessage{&given.Documents, &given.Objects} {
			kept := (*list)[:0]
			for _, one := range *list {
				if json.Valid(one) {
					kept = append(kept, one)
				}
			}
			*list = kept
		}
		if err := encoder.Encode(given); err != nil {
			panic(err)
		}
	}
}
