namespace Conventions.Scripts;

/// <summary>Shell scripts are POSIX, executable and pass <c>shellcheck</c>.</summary>
public sealed class ScriptFiles
{
    static IEnumerable<SourceFile> Scripts => Repository.Files.Where(f => f.IsScript);

    [Fact]
    public void Scripts_pass_shellcheck()
    {
        var checkedFiles = Shell.Run("shellcheck", ["--external-sources", "--format=gcc", .. Scripts.Select(f => f.Path)], folder: Repository.Root);

        Assert.True(checkedFiles.ExitCode == 0, $"shellcheck:\n{checkedFiles}");
    }

    [Fact]
    public void Scripts_are_posix_stop_at_the_first_error_and_can_be_executed() => Violation.None(Scripts.Where(f => f.HasShebang).SelectMany(Check));

    [Theory]
    [InlineData("#!/bin/bash\nset -eu\n", "POSIX")]
    [InlineData("#!/bin/sh\necho\n", "set -eu")]
    public void A_wrong_script_is_found(string text, string rule) =>
        Assert.Contains(rule, Assert.Single(CheckText(new SourceFile("ops/a", text))).Rule, StringComparison.Ordinal);

    static IEnumerable<Violation> Check(SourceFile script)
    {
        foreach (var violation in CheckText(script)) yield return violation;
        if (!File.GetUnixFileMode(Path.Combine(Repository.Root, script.Path)).HasFlag(UnixFileMode.UserExecute))
            yield return script.At(0, "the script must be executable (git update-index --chmod=+x)");
    }

    static IEnumerable<Violation> CheckText(SourceFile script)
    {
        if (!script.Text.StartsWith("#!/bin/sh\n", StringComparison.Ordinal)) yield return script.At(0, "scripts are POSIX and begin with #!/bin/sh");
        if (!script.Text.Contains("\nset -eu\n", StringComparison.Ordinal)) yield return script.At(0, "scripts say set -eu");
    }
}
