using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Conventions.Code;

/// <summary>What a type may be called and how it is declared.</summary>
public sealed partial class Types
{
    [Fact]
    public void Types_say_what_they_do_and_do_not_inherit() => Violation.None(Repository.CSharp("src").SelectMany(Check));

    [Fact]
    public void Tests_and_benchmarks_have_names_that_say_something_too() => Violation.None(Repository.CSharp("tests").SelectMany(CheckNames));

    [Theory]
    [InlineData("sealed class TaskManager;", "says nothing")]
    [InlineData("static class SqlUtils;", "says nothing")]
    [InlineData("sealed record TaskInfo(int A);", "says nothing")]
    [InlineData("class ClaimTask { public async Task RunAsync(CancellationToken ct) => await Task.Yield(); }", "sealed")]
    [InlineData("record Claim(int A);", "sealed")]
    [InlineData("class A;", "sealed")]
    [InlineData("sealed record Price(double CostUsd);", "decimal")]
    [InlineData("sealed class P { public long? HeldUsd { get; init; } }", "decimal")]
    [InlineData("sealed class P { void Pay(float amountUsd) { } }", "decimal")]
    [InlineData("sealed class P { readonly double spentUsd; }", "decimal")]
    public void A_wrong_type_is_found(string code, string rule) =>
        Assert.Contains(rule, Assert.Single(Check(new SourceFile("src/Engine/A.cs", code))).Rule, StringComparison.Ordinal);

    [Theory]
    [InlineData("public abstract record AfterFailure { public sealed record RetryAt(int At) : AfterFailure; }")]
    [InlineData("sealed record Price(decimal CostUsd, decimal? BilledUsd);")]
    [InlineData("static class TasksSetup;")]
    [InlineData("readonly record struct Point(int X);")]
    public void A_right_type_is_left_alone(string code) => Assert.Empty(Check(new SourceFile("src/Engine/A.cs", code)));

    static IEnumerable<Violation> Check(SourceFile file) =>
        [.. CheckNames(file), .. CheckSealed(file), .. CheckMoney(file)];

    static IEnumerable<Violation> CheckNames(SourceFile file) =>
        from type in file.Nodes<BaseTypeDeclarationSyntax>()
        where EmptyName().IsMatch(type.Identifier.Text)
        select file.At(type, $"the name {type.Identifier.Text} says nothing: say what it does (no Manager, Helper, Util, Service, Info)");

    static IEnumerable<Violation> CheckSealed(SourceFile file) =>
        from type in file.Nodes<TypeDeclarationSyntax>()
        where type.IsKind(SyntaxKind.ClassDeclaration) || type.IsKind(SyntaxKind.RecordDeclaration)
        where !type.Modifiers.Any(m => m.Kind() is SyntaxKind.SealedKeyword or SyntaxKind.StaticKeyword or SyntaxKind.AbstractKeyword)
        select file.At(type, $"{type.Identifier.Text} must be sealed (or abstract, when its kinds are nested in it)");

    static IEnumerable<Violation> CheckMoney(SourceFile file) =>
        from declared in file.Root.DescendantNodes().SelectMany(Declared)
        where declared.Name.EndsWith("Usd", StringComparison.Ordinal) && declared.Type?.ToString() is not ("decimal" or "decimal?")
        select file.At(declared.Node, $"{declared.Name} is money and must be decimal, is {declared.Type}");

    static IEnumerable<(SyntaxNode Node, string Name, TypeSyntax? Type)> Declared(SyntaxNode node) => node switch
    {
        PropertyDeclarationSyntax property => [(property, property.Identifier.Text, property.Type)],
        ParameterSyntax { Type: not null } parameter => [(parameter, parameter.Identifier.Text, parameter.Type)],
        FieldDeclarationSyntax field => field.Declaration.Variables.Select(v => ((SyntaxNode)v, v.Identifier.Text, (TypeSyntax?)field.Declaration.Type)),
        _ => [],
    };

    [GeneratedRegex("(Manager|Helper|Helpers|Util|Utils|Utility|Utilities|Service|Info)$")]
    private static partial Regex EmptyName();
}
