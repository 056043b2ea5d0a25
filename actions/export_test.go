package actions

// Run is Main with a world of the test's own.
var Run = run
