package linear

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

// telcoReference is what scikit-learn 1.2.1 made of the telco churn data: every
// column standardised, categories one-hot, rows 0, 5, 10, … held out,
// LogisticRegression(C=1).
type telcoReference struct {
	Features  []string  `json:"features"`
	Mean      []float64 `json:"mean"`
	Std       []float64 `json:"std"`
	Coef      []float64 `json:"coef"`
	Intercept float64   `json:"intercept"`
}

// referenceData is the folder of reference data beside the repository; it is not
// part of it. Without it the test against small numbers from scikit-learn, which
// needs no files, remains.
var referenceData = filepath.Join("..", "..", "..", "..", "shared", "data")

func open(t *testing.T, path ...string) io.Reader {
	t.Helper()
	name := filepath.Join(append([]string{referenceData}, path...)...)
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		t.Skipf("the reference data is not here: no %s", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

func readCSV(t *testing.T, reader io.Reader) (header map[string]int, rows [][]string) {
	t.Helper()
	rows, err := csv.NewReader(reader).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header = map[string]int{}
	for i, name := range rows[0] {
		header[name] = i
	}
	return header, rows[1:]
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return 0 // TotalCharges of a customer's first month, as in the reference
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// telco gives the reference, and the matrix and labels of the training rows and
// of the held-out rows.
func telco(t *testing.T) (reference telcoReference, train, test feature.Matrix, yTrain, yTest []float64) {
	t.Helper()
	if err := json.NewDecoder(open(t, "golden", "telco_logreg.json")).Decode(&reference); err != nil {
		t.Fatal(err)
	}
	header, rows := readCSV(t, open(t, "telco-churn", "Telco-Customer-Churn.csv"))
	train.Columns, test.Columns = reference.Features, reference.Features
	for i, row := range rows {
		matrix, y := &train, &yTrain
		if i%5 == 0 {
			matrix, y = &test, &yTest
		}
		for j, name := range reference.Features {
			var value float64
			if column, level, categorical := strings.Cut(name, "="); !categorical {
				value = number(t, row[header[name]])
			} else if row[header[column]] == level {
				value = 1
			}
			matrix.Data = append(matrix.Data, (value-reference.Mean[j])/reference.Std[j])
		}
		matrix.Rows++
		label := 0.0
		if row[header["Churn"]] == "Yes" {
			label = 1
		}
		*y = append(*y, label)
	}
	return reference, train, test, yTrain, yTest
}

// optimum are the probabilities of the first held-out rows by scikit-learn 1.9.1
// with solver="newton-cholesky", tol=1e-12. The reference's own solver, L-BFGS at
// its default tolerance, stopped at a gradient of 0.013, which moves
// probabilities by up to 6.5e-5.
var optimum = []float64{
	0.64113326195045495, 0.79434407539372376, 0.21517655519229315,
	0.031733465783693009, 0.74659085684203896, 0.1242655577533911,
}

func TestLogisticAgreesWithScikitLearnOnTelcoChurn(t *testing.T) {
	reference, train, test, yTrain, yTest := telco(t)
	fitted, diagnostics, err := FitLogistic(train, yTrain, DefaultLogisticParams())
	if err != nil || !diagnostics.Converged {
		t.Fatalf("%v, %+v", err, diagnostics)
	}
	probabilities, err := fitted.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := gzip.NewReader(open(t, "golden", "telco_pred.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	header, rows := readCSV(t, archive)
	if len(rows) != len(probabilities) {
		t.Fatalf("%d reference predictions for %d rows", len(rows), len(probabilities))
	}
	for i, want := range optimum {
		if math.Abs(probabilities[i]-want) > 1e-6 {
			t.Errorf("the probability of held-out row %d is %v, at the optimum it is %v", i, probabilities[i], want)
		}
	}
	var furthest float64
	for i, row := range rows {
		if number(t, row[header["y"]]) != yTest[i] {
			t.Fatalf("row %d has another label in the reference", i)
		}
		furthest = math.Max(furthest, math.Abs(probabilities[i]-number(t, row[header["logreg"]])))
	}
	t.Logf("largest difference %.3g after %d iterations", furthest, diagnostics.Iterations)
	if furthest > 1e-4 {
		t.Errorf("a probability differs from scikit-learn's by %v", furthest)
	}
	baseRate := mean(yTrain)
	o := newObjective(logistic, train, yTrain, baseRate, 1/float64(train.Rows))
	u := make([]float64, len(o.x))
	o.scaling.variables(u, append(slices.Clone(reference.Coef), reference.Intercept))
	if loss := o.value(u); diagnostics.Loss > loss {
		t.Errorf("the training loss %v is above that of scikit-learn's weights, %v", diagnostics.Loss, loss)
	}
	var results struct {
		Telco struct {
			Reference struct {
				AUC     float64 `json:"auc"`
				LogLoss float64 `json:"logloss"`
				Brier   float64 `json:"brier"`
			} `json:"logreg_std"`
		} `json:"telco"`
	}
	if err := json.NewDecoder(open(t, "golden", "results.json")).Decode(&results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name  string
		value float64
	}{
		{"roc_auc", results.Telco.Reference.AUC},
		{"log_loss", results.Telco.Reference.LogLoss},
		{"brier", results.Telco.Reference.Brier},
	} {
		m, err := metric.Lookup(want.name)
		if err != nil {
			t.Fatal(err)
		}
		estimate, err := m.Compute(yTest, probabilities, nil)
		if err != nil || math.Abs(estimate.Value-want.value) > 1e-5 {
			t.Errorf("%v where scikit-learn has %v: %v", estimate, want.value, err)
		}
	}
}
