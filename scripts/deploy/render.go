// Renders the templates of a Helm chart, for the check of their output where Helm itself
// is not at hand: Go's templates, Sprig's functions, and the few that Helm adds.
//
//	render CHART-FOLDER [VALUES-FILE...]
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: render CHART-FOLDER [VALUES-FILE...]"))
	}
	folder := os.Args[1]
	chart, values := read(filepath.Join(folder, "Chart.yaml")), read(filepath.Join(folder, "values.yaml"))
	for _, file := range os.Args[2:] {
		values = merge(values, read(file))
	}
	meta := map[string]interface{}{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]}
	data := map[string]interface{}{
		"Chart":   meta,
		"Values":  values,
		"Release": map[string]interface{}{"Name": "release", "Namespace": "default", "Service": "Helm", "Revision": 1},
	}

	all := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["include"] = func(name string, data interface{}) (string, error) {
		var text strings.Builder
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	all.Funcs(functions)

	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	fail(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		fail(err)
		_, err = all.New(filepath.Base(file)).Parse(string(text))
		fail(err)
	}
	for _, file := range files {
		if filepath.Ext(file) != ".yaml" {
			continue
		}
		fmt.Printf("---\n# Source: %s\n", filepath.Base(file))
		fail(all.ExecuteTemplate(os.Stdout, filepath.Base(file), data))
		fmt.Println()
	}
}

func read(file string) map[string]interface{} {
	text, err := os.ReadFile(file)
	fail(err)
	values := map[string]interface{}{}
	fail(yaml.Unmarshal(text, &values))
	return values
}

// merge lays one set of values over another, as Helm does.
func merge(under, over map[string]interface{}) map[string]interface{} {
	for key, value := range over {
		below, isMap := under[key].(map[string]interface{})
		above, both := value.(map[string]interface{})
		if isMap && both {
			under[key] = merge(below, above)
		} else {
			under[key] = value
		}
	}
	return under
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}
