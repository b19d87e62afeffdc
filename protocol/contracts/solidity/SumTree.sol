// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Merkle sum trees: every node commits to a hash and to the sum of what is below it.
/// @notice leaf = keccak256(0x00 ‖ content ‖ sum); node = keccak256(0x01 ‖ left hash ‖ left sum ‖ right hash ‖ right
/// sum), its sum being left + right. An odd node is paired with the empty one (hash 0, sum 0). A tree's commitment is
/// the pair (hash, sum) of its root. The prefixes keep a leaf from being read as a node, so a leaf's path tells its
/// position and no other.
/// @dev Sums add with overflow checks on the way up: a path that would wrap proves nothing. Hence whatever is provable
/// under a root with sum T adds up to T at most, whoever built the tree and however. The same in TypeScript:
/// protocol/primitives/sum-tree.ts, held together by test/vectors/sum-tree.json.
library SumTree {
    struct Node {
        bytes32 hash;
        uint256 sum;
    }

    /// @param index the leaf's position; bit i says whether its ancestor at level i is a right child
    /// @param siblings from the leaf up
    struct Proof {
        uint256 index;
        Node[] siblings;
    }

    /// @dev Deeper than any tree that can be built; bounds what a proof may cost.
    uint256 internal constant MAX_DEPTH = 64;

    function leaf(bytes32 content, uint256 sum) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), content, sum));
    }

    function parent(Node memory left, Node memory right) internal pure returns (bytes32) {
        return _parent(left.hash, left.sum, right.hash, right.sum);
    }

    /// @notice Whether `member` stands in the tree with that root at the proof's position.
    /// @dev An index with more bits than the path has levels is refused: a position has one name.
    function contains(Node memory root, Node memory member, Proof calldata proof) internal pure returns (bool) {
        uint256 depth = proof.siblings.length;
        if (depth > MAX_DEPTH || proof.index >> depth != 0) return false;
        (bytes32 hash, uint256 sum) = (member.hash, member.sum);
        for (uint256 i = 0; i < depth; i++) {
            Node calldata sibling = proof.siblings[i];
            uint256 beside = sibling.sum;
            if (sum > type(uint256).max - beside) return false;
            hash = (proof.index >> i) & 1 == 0
                ? _parent(hash, sum, sibling.hash, beside)
                : _parent(sibling.hash, beside, hash, sum);
            unchecked {
                sum += beside;
            }
        }
        return hash == root.hash && sum == root.sum;
    }

    /// @dev `parent` without memory of its own: what is written lies beyond what is in use, and is used at once.
    function _parent(bytes32 leftHash, uint256 leftSum, bytes32 rightHash, uint256 rightSum)
        private
        pure
        returns (bytes32 hash)
    {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore8(at, 0x01)
            mstore(add(at, 0x01), leftHash)
            mstore(add(at, 0x21), leftSum)
            mstore(add(at, 0x41), rightHash)
            mstore(add(at, 0x61), rightSum)
            hash := keccak256(at, 0x81)
        }
    }
}
