// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SumTree} from "solidity/SumTree.sol";

/// @dev Reads proofs as contracts get them: from the data of a call.
contract TreeReader {
    function contains(SumTree.Node memory root, SumTree.Node memory member, SumTree.Proof calldata proof)
        external
        pure
        returns (bool)
    {
        return SumTree.contains(root, member, proof);
    }
}

/// @dev Builds sum trees, honest ones and ones where a node's stated sum is a lie.
library TreeBuilder {
    function leafNode(bytes32 content, uint256 sum) internal pure returns (SumTree.Node memory) {
        return SumTree.Node(SumTree.leaf(content, sum), sum);
    }

    /// @return levels from the leaves to the root, odd ones filled up with the empty node
    function build(SumTree.Node[] memory leaves) internal pure returns (SumTree.Node[][] memory levels) {
        return buildWith(leaves, type(uint256).max, 0, 0);
    }

    /// @param lieLevel whose node `lieAt` states `lie` instead of its sum; its ancestors add up again
    function buildWith(SumTree.Node[] memory leaves, uint256 lieLevel, uint256 lieAt, uint256 lie)
        internal
        pure
        returns (SumTree.Node[][] memory levels)
    {
        uint256 depth = 0;
        while ((uint256(1) << depth) < leaves.length) depth++;
        levels = new SumTree.Node[][](depth + 1);
        for (uint256 level = 0; level <= depth; level++) {
            SumTree.Node[] memory row;
            if (level == 0) {
                row = padded(leaves, depth == 0);
            } else {
                SumTree.Node[] memory below = levels[level - 1];
                SumTree.Node[] memory above = new SumTree.Node[](below.length / 2);
                for (uint256 i = 0; i < above.length; i++) {
                    SumTree.Node memory left = below[2 * i];
                    SumTree.Node memory right = below[2 * i + 1];
                    uint256 sum;
                    unchecked {
                        sum = left.sum + right.sum;
                    }
                    above[i] = SumTree.Node(SumTree.parent(left, right), sum);
                }
                row = padded(above, level == depth);
            }
            if (level == lieLevel) row[lieAt].sum = lie;
            levels[level] = row;
        }
    }

    function root(SumTree.Node[][] memory levels) internal pure returns (SumTree.Node memory) {
        return levels[levels.length - 1][0];
    }

    /// @notice The path of node `place` of `level` to the root.
    function prove(SumTree.Node[][] memory levels, uint256 level, uint256 place)
        internal
        pure
        returns (SumTree.Proof memory proof)
    {
        proof.index = place;
        proof.siblings = new SumTree.Node[](levels.length - 1 - level);
        for (uint256 i = 0; i < proof.siblings.length; i++) proof.siblings[i] = levels[level + i][(place >> i) ^ 1];
    }

    function padded(SumTree.Node[] memory row, bool top) private pure returns (SumTree.Node[] memory full) {
        bool odd = !top && row.length % 2 == 1;
        full = new SumTree.Node[](row.length + (odd ? 1 : 0));
        for (uint256 i = 0; i < row.length; i++) full[i] = SumTree.Node(row[i].hash, row[i].sum);
    }
}
