using System.Runtime.CompilerServices;

namespace Support;

/// <summary>Files of the checkout that the tests were built from.</summary>
public static class RepositoryFile
{
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root(), .. parts]);

    static string Root([CallerFilePath] string thisFile = "") => System.IO.Path.GetFullPath(System.IO.Path.Combine(thisFile, "..", "..", ".."));
}
