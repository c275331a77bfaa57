using Crawlers.Logs.Fingerprints;

namespace Crawlers.Logs.Triage;

/// <summary>Finds the file of a frame among those of the repository: by the settings, by the package (Java), else by the longest end of the path that one file alone has.</summary>
static class MapFrame
{
    static readonly string[] OfPackages = [".java", ".kt", ".scala", ".groovy", ".clj"];

    /// <returns>The file, or null; and why.</returns>
    public static (string? File, string Reason) Run(TraceFrame frame, RevisionFiles files, IReadOnlyList<PathMapping> mappings)
    {
        var path = FramePath.Of(frame.File ?? "");
        if (path.Length == 0) return (null, "it names no file");
        foreach (var mapping in mappings)
            if (Mapped(frame.File!, path, mapping) is { } mapped && files.Has(mapped)) return (mapped, $"{mapping.From} is {(mapping.To.Length == 0 ? "the root" : mapping.To)} in the repository");
        var isPackaged = !path.Contains('/', StringComparison.Ordinal) && OfPackages.Any(e => path.EndsWith(e, StringComparison.Ordinal));
        if (isPackaged && PackageOf(frame.Function) is { Length: > 0 } package) return Packaged(package, path, files);
        if (files.Has(path)) return (path, "the repository has this path");
        var found = files.EndingLike(path, out var parts);
        return found.Count switch
        {
            0 => (null, $"no file {Name(path)} in the repository"),
            1 when parts == 1 && found[0].Contains('/', StringComparison.Ordinal) && path.Contains('/', StringComparison.Ordinal) => (found[0], $"the only file of this name in the repository, in another folder than {path}"),
            1 => (found[0], $"the only file that ends with {End(path, parts)}"),
            _ => (null, Several(found)),
        };
    }

    // Parts must fit as a whole: /app is no prefix of /application.
    static string? Mapped(string written, string path, PathMapping mapping)
    {
        if (mapping.From.Length == 0) return null;
        var from = FramePath.Of(mapping.From);
        var isSamePlace = from.Length == 0 ? written.StartsWith(mapping.From, StringComparison.Ordinal) : path == from || path.StartsWith(from + "/", StringComparison.Ordinal);
        if (!isSamePlace) return null;
        var to = FramePath.Of(mapping.To);
        var rest = path[from.Length..].TrimStart('/');
        return to.Length == 0 ? rest : $"{to}/{rest}";
    }

    static (string? File, string Reason) Packaged(string package, string name, RevisionFiles files)
    {
        var wanted = $"{package.Replace('.', '/')}/{name}";
        var found = files.EndingLike(wanted, out var parts);
        var all = wanted.Count(c => c == '/') + 1;
        if (found.Count == 1 && parts == all) return (found[0], $"the only file that ends with {wanted}");
        if (found.Count > 1) return (null, Several(found));
        // Kotlin's and Scala's folders may leave out the packages that all have in common
        return found.Count == 1 && !name.EndsWith(".java", StringComparison.Ordinal) ? (found[0], $"the only file {name}, though not in the folder of {package}") : (null, $"no file {wanted} in the repository");
    }

    // com.shop.Orders$1.run
    static string PackageOf(string function)
    {
        var method = function.LastIndexOf('.');
        var type = method > 0 ? function.LastIndexOf('.', method - 1) : -1;
        return type > 0 ? function[..type] : "";
    }

    static string Several(IReadOnlyList<string> found) => $"it could be any of {found.Count} files: {string.Join(", ", found.Take(3))}{(found.Count > 3 ? ", …" : "")}";

    static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    static string End(string path, int parts) => string.Join('/', path.Split('/')[^parts..]);
}
