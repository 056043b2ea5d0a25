package githubtest

import "net/http"

const repo = "/repos/{owner}/{repo}"

var paged = []string{"page", "per_page"}

// routes are the requests that linecook sends; there are no others.
var routes = compile([]route{
	{method: http.MethodGet, template: "/user", handle: (*Server).showUser},

	{method: http.MethodGet, template: repo, handle: (*Server).getRepository},
	{method: http.MethodGet, template: repo + "/collaborators/{username}/permission", handle: (*Server).getPermission},
	{method: http.MethodGet, template: repo + "/branches/{branch}/protection", handle: (*Server).getProtection},
	{method: http.MethodGet, template: repo + "/branches/{branch}", handle: (*Server).getBranch},
	{method: http.MethodGet, template: repo + "/rules/branches/{branch}", query: paged, handle: (*Server).branchRules},
	{method: http.MethodGet, template: repo + "/rulesets", query: []string{"page", "per_page", "includes_parents", "targets"}, handle: (*Server).listRulesets},
	{method: http.MethodPost, template: repo + "/rulesets", handle: (*Server).putRuleset},
	{method: http.MethodGet, template: repo + "/rulesets/{ruleset_id}", query: []string{"includes_parents"}, handle: (*Server).getRuleset},
	{method: http.MethodPut, template: repo + "/rulesets/{ruleset_id}", handle: (*Server).putRuleset},
	{method: http.MethodGet, template: repo + "/immutable-releases", handle: (*Server).getImmutable},
	{method: http.MethodPut, template: repo + "/immutable-releases", handle: (*Server).putImmutable},
	{method: http.MethodGet, template: repo + "/actions/permissions/workflow", handle: (*Server).getRights},
	{method: http.MethodPut, template: repo + "/actions/permissions/workflow", handle: (*Server).putRights},
	{method: http.MethodGet, template: repo + "/actions/runs/{run_id}", query: []string{"exclude_pull_requests"}, handle: (*Server).getRun},
	{method: http.MethodGet, template: repo + "/actions/runs/{run_id}/attempts/{attempt_number}", query: []string{"exclude_pull_requests"}, handle: (*Server).getRun},
	{method: http.MethodGet, template: repo + "/actions/runs/{run_id}/attempts/{attempt_number}/jobs", query: paged, handle: (*Server).listJobs},
	{method: http.MethodGet, template: repo + "/actions/workflows", query: paged, handle: (*Server).listWorkflows},
	{method: http.MethodGet, template: repo + "/actions/workflows/{workflow_id}/runs", query: []string{"event", "page", "per_page"}, handle: (*Server).listRuns},
	{method: http.MethodPost, template: repo + "/actions/workflows/{workflow_id}/dispatches", handle: (*Server).dispatch},

	{method: http.MethodGet, template: repo + "/contents/{path}", query: []string{"ref"}, handle: (*Server).contents},
	{method: http.MethodGet, template: repo + "/compare/{basehead}", query: paged, handle: (*Server).compare},
	{method: http.MethodGet, template: repo + "/git/ref/{ref}", handle: (*Server).getRef},
	{method: http.MethodGet, template: repo + "/git/matching-refs/{ref}", handle: (*Server).matchingRefs},
	{method: http.MethodPost, template: repo + "/git/refs", handle: (*Server).createRef},
	{method: http.MethodDelete, template: repo + "/git/refs/{ref}", handle: (*Server).deleteRef},
	{method: http.MethodPost, template: repo + "/git/tags", handle: (*Server).createTag},
	{method: http.MethodGet, template: repo + "/git/tags/{tag_sha}", handle: (*Server).getTag},
	{method: http.MethodGet, template: repo + "/git/commits/{commit_sha}", handle: (*Server).getGitCommit},
	{method: http.MethodGet, template: repo + "/commits/{commit_sha}/pulls", query: paged, handle: (*Server).pullsOf},
	{method: http.MethodGet, template: repo + "/commits/{ref}", query: paged, handle: (*Server).getCommit},

	{method: http.MethodGet, template: repo + "/pulls/{pull_number}", handle: (*Server).getPull},
	{method: http.MethodGet, template: repo + "/pulls/{pull_number}/commits", query: paged, handle: (*Server).listPullCommits},
	{method: http.MethodGet, template: repo + "/pulls/{pull_number}/reviews", query: paged, handle: (*Server).listReviews},
	{method: http.MethodGet, template: repo + "/issues", query: []string{"state", "labels", "page", "per_page"}, handle: (*Server).listIssues},
	{method: http.MethodPost, template: repo + "/issues", handle: (*Server).createIssue},
	{method: http.MethodPatch, template: repo + "/issues/{issue_number}", handle: (*Server).updateIssue},
	{method: http.MethodGet, template: repo + "/issues/{issue_number}/comments", query: paged, handle: (*Server).listComments},
	{method: http.MethodPost, template: repo + "/issues/{issue_number}/comments", handle: (*Server).createComment},
	{method: http.MethodPatch, template: repo + "/issues/comments/{comment_id}", handle: (*Server).updateComment},

	{method: http.MethodGet, template: repo + "/releases", query: paged, handle: (*Server).listReleases},
	{method: http.MethodPost, template: repo + "/releases", handle: (*Server).createRelease},
	{method: http.MethodGet, template: repo + "/releases/tags/{tag}", handle: (*Server).releaseByTag},
	{method: http.MethodGet, template: repo + "/releases/{release_id}", handle: (*Server).getRelease},
	{method: http.MethodPatch, template: repo + "/releases/{release_id}", handle: (*Server).updateRelease},
	{method: http.MethodDelete, template: repo + "/releases/{release_id}", handle: (*Server).deleteRelease},
	{method: http.MethodGet, template: repo + "/releases/{release_id}/assets", query: paged, handle: (*Server).listAssets},
	{host: uploadHost, method: http.MethodPost, template: repo + "/releases/{release_id}/assets", query: []string{"name"}, handle: (*Server).uploadAsset},
	{method: http.MethodGet, template: repo + "/releases/assets/{asset_id}", handle: (*Server).getAsset},
	{method: http.MethodDelete, template: repo + "/releases/assets/{asset_id}", handle: (*Server).deleteAsset},

	{method: http.MethodGet, template: repo + "/deployments", query: []string{"sha", "ref", "task", "environment", "page", "per_page"}, handle: (*Server).listDeployments},
	{method: http.MethodPost, template: repo + "/deployments", handle: (*Server).createDeployment},
	{method: http.MethodGet, template: repo + "/deployments/{deployment_id}/statuses", query: paged, handle: (*Server).listStatuses},
	{method: http.MethodPost, template: repo + "/deployments/{deployment_id}/statuses", handle: (*Server).createStatus},
	{method: http.MethodGet, template: repo + "/environments", query: paged, handle: (*Server).listEnvironments},
	{method: http.MethodGet, template: repo + "/environments/{environment_name}", handle: (*Server).getEnvironment},
	{method: http.MethodPut, template: repo + "/environments/{environment_name}", handle: (*Server).putEnvironment},
	{method: http.MethodGet, template: repo + "/attestations/{subject_digest}", query: []string{"per_page", "before", "after", "predicate_type"}, handle: (*Server).listAttestations},
})

func compile(all []route) []route {
	for i := range all {
		if all[i].host == "" {
			all[i].host = apiHost
		}
		all[i] = all[i].compile()
	}
	return all
}
