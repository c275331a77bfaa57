using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Conventions.Code;

/// <summary>An interface comes with its second real implementation.</summary>
public sealed class Interfaces
{
    /// <summary>Interfaces with fewer implementations in <c>src</c>, and the reason for each.</summary>
    static readonly Dictionary<string, string> Allowed = new()
    {
    };

    [Fact]
    public void An_interface_has_two_implementations() => Violation.None(Check([.. Repository.CSharp("src")], Allowed));

    [Fact]
    public void An_interface_with_one_implementation_is_found()
    {
        var file = new SourceFile("src/Engine/A.cs", "interface IOne; sealed class A : IOne; interface ITwo<T>; sealed class B : ITwo<int>; sealed record C : X, N.ITwo<int>;");

        Assert.Contains("IOne has 1", Assert.Single(Check([file], [])).Rule, StringComparison.Ordinal);
        Assert.Empty(Check([file], new() { ["IOne"] = "a reason" }));
    }

    [Fact]
    public void An_excuse_that_is_not_needed_any_more_is_found()
    {
        var file = new SourceFile("src/Engine/A.cs", "interface ITwo; sealed class A : ITwo; sealed class B : ITwo;");

        Assert.Contains("no longer", Assert.Single(Check([file], new() { ["ITwo"] = "a reason" })).Rule, StringComparison.Ordinal);
    }

    static IEnumerable<Violation> Check(IReadOnlyList<SourceFile> files, Dictionary<string, string> allowed)
    {
        var implementations = files.SelectMany(f => f.Nodes<TypeDeclarationSyntax>())
            .SelectMany(t => t.BaseList?.Types.Select(b => SimpleName(b.Type)) ?? [])
            .CountBy(name => name).ToDictionary();
        foreach (var file in files)
            foreach (var declared in file.Nodes<InterfaceDeclarationSyntax>())
            {
                var name = declared.Identifier.Text;
                var count = implementations.GetValueOrDefault(name);
                if (count < 2 && !allowed.ContainsKey(name))
                    yield return file.At(declared, $"the interface {name} has {count} implementation{(count == 1 ? "" : "s")}: use the class itself");
                if (count >= 2 && allowed.ContainsKey(name))
                    yield return file.At(declared, $"{name} has {count} implementations and no longer needs its excuse in the test");
            }
    }

    static string SimpleName(TypeSyntax type) => type switch
    {
        QualifiedNameSyntax qualified => qualified.Right.Identifier.Text,
        SimpleNameSyntax simple => simple.Identifier.Text,
        _ => type.ToString(),
    };
}
