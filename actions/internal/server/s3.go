package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	store "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/linecook-ml/linecook/pipeline/report"
)

// S3Access signs the requests to an object store.
type S3Access struct {
	KeyID, Secret, SessionToken string
	// Region is where the buckets are.
	Region string
}

// defaultRegion is what stores other than Amazon's take.
const defaultRegion = "us-east-1"

func (a S3Access) client(endpoint string) *store.Client {
	options := store.Options{Region: a.Region, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported}
	if options.Region == "" {
		options.Region = defaultRegion
	}
	if a.KeyID == "" {
		options.Credentials = aws.AnonymousCredentials{}
	} else {
		options.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: a.KeyID, SecretAccessKey: a.Secret, SessionToken: a.SessionToken}, nil
		})
	}
	if endpoint != "" {
		// Stores of one's own seldom have a host name for each bucket.
		options.BaseEndpoint, options.UsePathStyle = aws.String(endpoint), true
	}
	return store.New(options)
}

// s3 downloads the objects that a location names: one, those of a pattern, or
// all below a folder.
func (f finder) s3(ctx context.Context, access S3Access) (Source, *report.Finding, error) {
	bucket, pattern, err := bucketAndKey(f.server.Location)
	if err != nil {
		return Source{}, nil, err
	}
	spec := f.spec()
	if spec.Format, err = f.form(); err != nil {
		return Source{}, nil, err
	}
	// Of JSON the delimiter is a word, as new_line.
	if utf8.RuneCountInString(f.server.Delimiter) == 1 {
		spec.Delimiter = f.server.Delimiter
	}
	client := access.client(f.server.EndpointURL)
	keys, err := list(ctx, client, bucket, pattern)
	if err != nil {
		return Source{}, nil, err
	}
	if len(keys) == 0 {
		return Source{}, f.missing("object at " + f.server.Location), nil
	}
	for _, key := range keys {
		if err := download(ctx, client, bucket, key, f.folder); err != nil {
			return Source{}, nil, err
		}
	}
	spec.Paths = keys
	return Source{Root: f.folder, Spec: spec}, nil, nil
}

// bucketAndKey reads s3://bucket/key. A key that ends in a slash, or none, means
// everything below it.
func bucketAndKey(location string) (bucket, key string, err error) {
	rest, found := strings.CutPrefix(location, "s3://")
	bucket, key, _ = strings.Cut(rest, "/")
	if !found || bucket == "" {
		return "", "", fmt.Errorf("%w: the location %q is not of the form s3://bucket/key", ErrUnsuited, location)
	}
	if _, err := path.Match(key, ""); err != nil {
		return "", "", fmt.Errorf("%w: the location %q is not a valid pattern: %w", ErrUnsuited, location, err)
	}
	return bucket, key, nil
}

// list is the keys of a bucket that a pattern means, in their order.
func list(ctx context.Context, client *store.Client, bucket, pattern string) ([]string, error) {
	prefix := pattern
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		prefix = pattern[:i]
	}
	var keys []string
	pages := store.NewListObjectsV2Paginator(client, &store.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the bucket %s: %w", bucket, err)
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			if strings.HasSuffix(key, "/") || !meant(pattern, key) {
				continue // a slash at the end is a folder's placeholder
			}
			if !filepath.IsLocal(filepath.FromSlash(key)) {
				return nil, fmt.Errorf("%w: the key %q cannot be a file's path; name the objects by a narrower location", ErrUnsuited, key)
			}
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func meant(pattern, key string) bool {
	if pattern == "" || strings.HasSuffix(pattern, "/") || key == pattern {
		return true
	}
	matched, err := path.Match(pattern, key)
	return err == nil && matched
}

func download(ctx context.Context, client *store.Client, bucket, key, folder string) (err error) {
	object, err := client.GetObject(ctx, &store.GetObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: "ENABLED"})
	if err != nil {
		return fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
	}
	defer func() { _ = object.Body.Close() }()
	target := filepath.Join(folder, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, object.Body); err != nil {
		return fmt.Errorf("get s3://%s/%s: %w", bucket, key, err)
	}
	return nil
}
