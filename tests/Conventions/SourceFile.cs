using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Conventions;

/// <summary>One file of the checkout.</summary>
/// <param name="path">Relative to the checkout, with slashes.</param>
sealed class SourceFile(string path, byte[] bytes)
{
    readonly Lazy<string> text = new(() => Encoding.UTF8.GetString(bytes));
    readonly Lazy<SyntaxNode> root = new(() => CSharpSyntaxTree.ParseText(Encoding.UTF8.GetString(bytes)).GetRoot());

    public SourceFile(string path, string text) : this(path, Encoding.UTF8.GetBytes(text))
    {
    }

    public string Path { get; } = path;

    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>As git judges it: a file without a zero byte at its beginning.</summary>
    public bool IsText => bytes.AsSpan(0, Math.Min(bytes.Length, 8000)).IndexOf((byte)0) < 0;

    public string Text => text.Value;

    public bool HasShebang => Bytes.StartsWith("#!"u8) && Text.Split('\n')[0].EndsWith("sh", StringComparison.Ordinal);

    /// <summary>Whether it is a shell script, run or sourced.</summary>
    public bool IsScript => HasShebang || Path.EndsWith(".sh", StringComparison.Ordinal);

    /// <summary>The file read as C#.</summary>
    public SyntaxNode Root => root.Value;

    public IEnumerable<T> Nodes<T>() where T : SyntaxNode => Root.DescendantNodes().OfType<T>();

    public Violation At(SyntaxNode node, string rule) => new(Path, node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, rule);

    /// <param name="index">A position in <see cref="Text"/>.</param>
    public Violation At(int index, string rule) => new(Path, Text.AsSpan(0, index).Count('\n') + 1, rule);

    public override string ToString() => Path;
}
