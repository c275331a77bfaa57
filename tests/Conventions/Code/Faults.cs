using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Conventions.Code;

/// <summary>A fault that is swallowed says why.</summary>
public sealed class Faults
{
    [Fact]
    public void No_catch_swallows_a_fault_without_a_reason() => Violation.None(Repository.CSharp().SelectMany(Check));

    [Theory]
    [InlineData("try { } catch { }", 1)]
    [InlineData("try { } catch (IOException) { ; }", 1)]
    [InlineData("try { } catch (IOException) { } // gone already", 0)]
    [InlineData("try { } catch (IOException) { /* gone already */ }", 0)]
    [InlineData("try { } catch (IOException)\n{\n    // gone already\n}", 0)]
    [InlineData("try { } catch (IOException e) { log.Failed(e); }", 0)]
    public void An_empty_catch_needs_a_comment(string code, int violations) =>
        Assert.Equal(violations, Check(new SourceFile("src/Engine/A.cs", $"class A {{ void B() {{ {code}\n}} }}")).Count());

    static IEnumerable<Violation> Check(SourceFile file) =>
        from clause in file.Nodes<CatchClauseSyntax>()
        where clause.Block.Statements.All(s => s is EmptyStatementSyntax)
        where !clause.DescendantTrivia().Any(t => t.IsKind(SyntaxKind.SingleLineCommentTrivia) || t.IsKind(SyntaxKind.MultiLineCommentTrivia))
        select file.At(clause, "an empty catch says in a comment why the fault may be forgotten");
}
