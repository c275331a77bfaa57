namespace Conventions;

/// <summary>The checkout that the tests were built from, as git sees it: tracked files, and new ones that are not ignored.</summary>
static class Repository
{
    /// <summary>Absolute path without a trailing slash.</summary>
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Files { get; } = List();

    /// <summary>The C# files below some folders of the checkout, say <c>src</c>; all of them without an argument.</summary>
    public static IEnumerable<SourceFile> CSharp(params string[] folders) => Files.Where(f => f.Path.EndsWith(".cs", StringComparison.Ordinal)
        && (folders.Length == 0 || folders.Any(folder => f.Path.StartsWith(folder + "/", StringComparison.Ordinal))));

    public static SourceFile File(string path) =>
        Files.FirstOrDefault(f => f.Path == path) ?? throw new FileNotFoundException($"{path} is not in the checkout.");

    public static bool Has(string path) => Files.Any(f => f.Path == path);

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Engine.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No Engine.sln above {AppContext.BaseDirectory}.");
    }

    static List<SourceFile> List()
    {
        // safe.directory: a checkout may belong to another user than the one that runs the tests.
        var listed = Shell.Run("git", ["-c", "safe.directory=*", "-C", Root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        Assert.True(listed.ExitCode == 0, $"git cannot list the files of {Root}: {listed.Errors}");
        return [.. listed.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct()
            .Where(path => System.IO.File.Exists(Path.Combine(Root, path)))
            .Select(path => new SourceFile(path, System.IO.File.ReadAllBytes(Path.Combine(Root, path))))];
    }
}
